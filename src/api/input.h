/* What a request says: the members of its operation, from path, query, header, form and JSON body, checked
 * against the operation's table before a handler sees them. It owns its texts, so that it outlives a client
 * that goes away. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "http/request.h"
#include "model/constraint.h"

/* Longer bodies are read off the loop: so many bytes take well under a millisecond. */
#define INPUT_INLINE_BYTES (256u * 1024)

/* Starts as {0}. */
struct input {
    const struct constraint *members;
    size_t member_count;
    struct constraint_texts *texts; /* one for each member */
    char *space;                    /* decoded texts */

    char *body; /* the body's text, owned */
    size_t body_len;
    struct json_doc doc;
    struct json_value root; /* absent for an empty body */

    char *form; /* of the query protocol: the body, to be taken apart like a query */
    size_t form_len;
};

struct operation_match;

/* Collects the texts outside of the body. ERR_VALIDATION when one is badly encoded. Loop thread; the rest
 * touches nothing but its arguments. */
bool input_collect(struct input *input, const struct http_request *request,
                   const struct operation_match *match, struct err *err);

/* Parses the body and checks all constraints: ERR_SYNTAX, ERR_VALIDATION. */
bool input_check(struct input *input, struct err *err);

void input_done(struct input *input);

/* A member outside of the body; NULL when it was not sent. */
const char *input_text(const struct input *input, const char *name);

/* The items of a list member in the query. */
const struct constraint_texts *input_texts(const struct input *input, const char *name);

/* An integer member outside of the body, which was checked; `fallback` when it was not sent. */
int64_t input_integer(const struct input *input, const char *name, int64_t fallback);

/* A member of the body; absent when it is null. */
struct json_value input_member(const struct input *input, const char *name);

/* Any parameter of a form ("Tags.member.1.Key") in fresh memory; NULL when it was not sent or is badly
 * encoded. */
char *input_form(const struct input *input, const char *name);
