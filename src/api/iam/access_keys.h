/* The access keys of users, as records. */
#pragma once

#include <stddef.h>

#include "api/iam/identity.h"

struct api;

/* Walks a user's keys in the order of their ids: start with *place = 0; NULL at the end. */
const struct access_key *access_key_next(const struct api *api, const struct identity *user, size_t *place);
