/* Users, roles and policies in answers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "api/call.h"
#include "base/buf.h"
#include "api/iam/identity.h"

/* How much of a thing is shown: lists show less. */
enum write_detail { WRITE_LISTED, WRITE_CREATED, WRITE_WHOLE };

/* The members of a Role, User or Policy, without the element around them. */
void write_identity(struct buf *buf, const struct api_call *call, const struct identity *identity,
                    enum write_detail detail);

/* "2026-01-31T12:34:56Z". */
void write_date(struct buf *buf, const char *name, int64_t wall_us);

/* A policy document, percent-encoded as IAM does (RFC 3986). */
void write_document(struct buf *buf, const char *name, const char *text);

void write_tag(struct buf *buf, const struct tag *tag); /* a member of a list */
