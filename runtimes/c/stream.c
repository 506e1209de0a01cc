/* Responses in a stream: one chunk of HTTP per write, sent at once. See lamb.h and response.h.
 *
 * Until the first write nothing is sent, so that a handler may still fail with an ordinary error. Later, a
 * failure is told in the trailers of the chunked body. */
#include "response.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SMALL_TEXT_BYTES 512
#define PRELUDE_TYPE "application/vnd.awslambda.http-integration-response"
#define PRELUDE_END "\0\0\0\0\0\0\0\0\r\n"
#define PRELUDE_END_BYTES 8u
#define TRAILER_TYPE "Lambda-Runtime-Function-Error-Type"
#define TRAILER_BODY "Lambda-Runtime-Function-Error-Body"
#define ERROR_BYTES (36u * 1024) /* three quarters of its base64; the platform keeps 64 KiB of trailers */

void lamb_stream_reset(struct lamb_response *response, struct lamb_http *http, const char *request_id) {
    response->http = http;
    response->request_id = request_id;
    response->prelude = NULL;
    response->is_stream = response->has_begun = response->is_lost = false;
}

bool lamb_stream_is_open(const struct lamb_response *response) {
    return response->has_begun || (response->is_stream && response->error_type == NULL);
}

static struct iovec part(const void *data, size_t size) {
    return (struct iovec){.iov_base = (void *)(uintptr_t)data, .iov_len = size};
}

static const char *head(struct lamb_response *response) {
    const char *type = *response->content_type == '\0' ? "application/octet-stream" : response->content_type;
    return lamb_printf(response,
                       "POST " API "/invocation/%.128s/response HTTP/1.1\r\n" COMMON_HEADERS
                       "Content-Type: %s\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n"
                       "Trailer: " TRAILER_TYPE ", " TRAILER_BODY "\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n",
                       response->request_id, response->prelude == NULL ? type : PRELUDE_TYPE);
}

bool lamb_stream_write(struct lamb_response *response, const void *data, size_t size) {
    struct iovec parts[7];
    int count = 0;
    char prelude_line[24];
    char line[24];
    response->is_stream = true;
    if (response->is_lost)
        return false;
    if (!response->has_begun) {
        const char *text = head(response);
        parts[count++] = part(text, strlen(text));
        if (response->prelude != NULL) {
            size_t length = strlen(response->prelude);
            snprintf(prelude_line, sizeof prelude_line, "%zx\r\n", length + PRELUDE_END_BYTES);
            parts[count++] = part(prelude_line, strlen(prelude_line));
            parts[count++] = part(response->prelude, length);
            parts[count++] = part(PRELUDE_END, sizeof PRELUDE_END - 1);
        }
        response->has_begun = true;
    }
    if (size > 0) {
        snprintf(line, sizeof line, "%zx\r\n", size);
        parts[count++] = part(line, strlen(line));
        parts[count++] = part(data, size);
        parts[count++] = part("\r\n", 2);
    }
    response->is_lost = count > 0 && !lamb_http_send(response->http, parts, count);
    return !response->is_lost;
}

/* In `small` where it has room, else in the arena. */
__attribute__((format(printf, 3, 0), nonnull(3))) static const char *print(struct lamb_arena *arena,
                                                                           char small[SMALL_TEXT_BYTES],
                                                                           const char *format, va_list args,
                                                                           size_t *ret_size) {
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(small, SMALL_TEXT_BYTES, format, again);
    va_end(again);
    *ret_size = length < 0 ? 0 : (size_t)length;
    if (*ret_size < SMALL_TEXT_BYTES)
        return small;
    char *text = lamb_arena_take(arena, *ret_size + 1);
    vsnprintf(text, *ret_size + 1, format, args);
    return text;
}

bool lamb_stream_printf(struct lamb_response *response, const char *format, ...) {
    char small[SMALL_TEXT_BYTES];
    struct lamb_arena arena = {0}; /* its own: a stream may go on for long */
    size_t size;
    va_list args;
    va_start(args, format);
    const char *text = print(&arena, small, format, args, &size);
    va_end(args);
    bool is_taken = lamb_stream_write(response, text, size);
    lamb_arena_done(&arena);
    return is_taken;
}

static const char *quote(struct lamb_response *response, const char *text) {
    return lamb_quote(response, text, strlen(text));
}

static const char *add(struct lamb_response *response, const char *list, const char *member) {
    return lamb_printf(response, "%s%s%s", list, *list == '\0' ? "" : ",", member);
}

bool lamb_stream_http(struct lamb_response *response, int status, const struct lamb_header *headers) {
    const char *fields = "";
    const char *cookies = "";
    bool has_type = *response->content_type == '\0';
    if (response->has_begun)
        return false;
    for (; headers != NULL && headers->name != NULL; headers++) {
        const char *value = quote(response, headers->value);
        has_type = has_type || strcasecmp(headers->name, "Content-Type") == 0;
        if (strcasecmp(headers->name, "Set-Cookie") == 0)
            cookies = add(response, cookies, value);
        else
            fields = add(response, fields,
                         lamb_printf(response, "%s:%s", quote(response, headers->name), value));
    }
    if (!has_type)
        fields = add(response, fields,
                     lamb_printf(response, "\"Content-Type\":%s", quote(response, response->content_type)));
    response->prelude = lamb_printf(response, "{\"statusCode\":%d,\"headers\":{%s},\"cookies\":[%s]}", status,
                                    fields, cookies);
    response->is_stream = true;
    return true;
}

const char *lamb_stream_end(struct lamb_response *response) {
    const char *error = response->data;
    if (!response->has_begun)
        lamb_stream_write(response, NULL, 0);
    if (response->error_type == NULL)
        return "0\r\n\r\n";
    if (response->size > ERROR_BYTES)
        error = lamb_text_error(&response->arena, response->error_type, response->short_message);
    return lamb_printf(response, "0\r\n" TRAILER_TYPE ": %s\r\n" TRAILER_BODY ": %s\r\n\r\n",
                       response->error_type, lamb_text_base64(&response->arena, error, strlen(error)));
}
