/* What went wrong in the middle of a response, as a runtime tells it behind its body: the trailers
 * Lambda-Runtime-Function-Error-Type and -Body, which is base64 of the error's document. Source: Lambda
 * Developer Guide, "Building a custom runtime", response streaming. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct http_exchange;

#define TRAILER_ERROR_TYPE_BYTES 128

struct trailer_error {
    char type[TRAILER_ERROR_TYPE_BYTES]; /* as sent; "Runtime.Unknown" when it is long, or no plain text */
    char *document;                      /* owned; one of ours where the runtime sent none that can be read */
    size_t document_len;
};

/* False when it names no error. The document ends with trailer_error_done() or take_ptr(). */
bool trailer_error_read(const struct http_exchange *exchange, const char *request_id,
                        struct trailer_error *ret_error);
void trailer_error_done(struct trailer_error *error);
