/* A text on its way to a destination or to a dead letter queue, as a value, and how it lies in a queue until
 * it is delivered: the text is the body of an entry, all else its attributes, a JSON object. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define LETTER_ATTRIBUTES_BYTES 8192

/* Texts are owned. */
struct letter {
    char *to; /* ARN */
    char *body;
    size_t body_len;
    char *function_arn; /* with its qualifier: who sends it */
    char *request_id;
    char *trace_id;
    char *error_code; /* of a dead letter; NULL for a record of a result */
    char *error_message;
    bool is_success; /* a record's condition */
};

void letter_done(struct letter *letter);

static inline bool letter_is_dead(const struct letter *letter) {
    return letter->error_code != NULL;
}

/* The attributes. */
void letter_write(const struct letter *letter, struct buf *buf);

/* Everything is copied. ERR_CORRUPT. */
bool letter_read(const char *attributes, size_t attributes_len, const char *body, size_t body_len,
                 struct letter *ret_letter, struct err *err);
