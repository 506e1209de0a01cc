/* See trailer_error.h. */
#include "invoke/trailer_error.h"

#include <stdio.h>

#include "base/digest.h"
#include "base/mem.h"
#include "http/server.h"
#include "invoke/report.h"

static bool is_plain(struct http_text text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' || text.data[i] > '~')
            return false;
    return text.len < TRAILER_ERROR_TYPE_BYTES;
}

/* NULL when there is none, or it is no base64. */
static char *read_document(const struct http_exchange *exchange, size_t *ret_len) {
    const struct http_text *text = http_trailer_get(exchange, "lambda-runtime-function-error-body");
    if (!text || text->len == 0)
        return NULL;
    OWN_MEM char *document = mem_alloc(digest_base64_decoded_bytes(text->len) + 1);
    return digest_base64_decode(text->data, text->len, document, ret_len) ? take_ptr(document) : NULL;
}

bool trailer_error_read(const struct http_exchange *exchange, const char *request_id,
                        struct trailer_error *ret_error) {
    const struct http_text *type = http_trailer_get(exchange, "lambda-runtime-function-error-type");
    if (!type || type->len == 0)
        return false;
    *ret_error = (struct trailer_error){.type = "Runtime.Unknown"};
    if (is_plain(*type))
        snprintf(ret_error->type, sizeof ret_error->type, "%.*s", (int)type->len, type->data);
    ret_error->document = read_document(exchange, &ret_error->document_len);
    if (ret_error->document)
        return true;
    char text[REPORT_TEXT_BYTES];
    ret_error->document_len = report_error_document(request_id, report_error_type(ret_error->type),
                                                    "The response ended with an error that was not described",
                                                    text);
    ret_error->document = mem_copy_text(text, ret_error->document_len);
    return true;
}

void trailer_error_done(struct trailer_error *error) {
    free(take_ptr(error->document));
}
