/* The JSON body of a control-plane request: owned, so that it outlives a client that goes away, and read in a
 * job when it is large. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "api/call.h"
#include "base/json.h"
#include "model/constraint.h"

/* Longer bodies are parsed off the loop: so many bytes take well under a millisecond. */
#define BODY_INLINE_BYTES (256u * 1024)

/* Starts as {0}. */
struct body {
    char *text;
    size_t len;
    struct json_doc doc;
    struct json_value root; /* absent for an empty body */
};

/* Takes the request's body over. Large ones move without a copy. */
void body_take(struct body *body, struct api_call *call);
void body_done(struct body *body);

static inline bool body_is_large(const struct body *body) {
    return body->len > BODY_INLINE_BYTES;
}

/* Parses and checks all constraints. On any thread. ERR_SYNTAX, ERR_VALIDATION. */
bool body_parse(struct body *body, const struct constraint *members, struct err *err);

/* Reading checked members: absent and null are the same. */
struct json_value body_member(struct json_value object, const char *name);
bool body_is_true(struct json_value object, const char *name);

/* The text of a member in fresh memory; NULL when it is not there. */
char *body_text(struct json_value object, const char *name);
