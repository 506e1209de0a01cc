/* The AWS API on one port: what every operation can reach. Made by daemon/assemble.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "api/options.h"
#include "base/clock.h"
#include "http/server.h"
#include "invoke/invoke.h"
#include "store/db.h"
#include "store/keys.h"
#include "sys/loop.h"
#include "sys/work.h"

struct api;

/* Reads keys and functions through the (already open) database, makes the root key when there is none, cleans
 * what no function uses, and resumes what was Pending or InProgress. Blocks: start-up. `db` is used on `lane`
 * alone afterwards. */
bool api_new(struct loop *loop, const struct clock *clock, const struct api_options *options, struct db *db,
             struct work_lane *lane, struct invoke *invoke, struct api **ret_api, struct err *err);

/* Handler and options for the front's listener; `arg` is the struct api. */
const struct http_handler *api_http_handler(void);

/* The root access key of the account: for `lamb env`. */
bool api_root_key(const struct api *api, struct access_key *ret_key);

/* Calls that were not answered yet and background work (state changes, removal of code) that has not
 * finished: zero before api_free(). */
size_t api_pending(const struct api *api);

void api_free(struct api *api); /* NULL is fine */
