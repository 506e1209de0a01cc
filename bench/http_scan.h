/* The hand parser of the benchmarks: finds one HTTP/1.1 message with a Content-Length body in a buffer.
 *
 * It is as small as a parser can be and still measure something honest; it trusts its peer. Chunked bodies
 * are refused. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum http_scan_result { HTTP_SCAN_MORE, HTTP_SCAN_WHOLE, HTTP_SCAN_BAD };

struct http_message {
    size_t head_size; /* start line, headers and the empty line */
    size_t body_size;
    int status; /* 0 for a request */
};

/* Looks at the first size bytes. *ret_message is written only with HTTP_SCAN_WHOLE. */
enum http_scan_result http_scan(const char *bytes, size_t size, struct http_message *ret_message);

/* Finds a header by name (any case) in a whole head. The value is not copied and not terminated. */
bool http_scan_header(const char *head, size_t head_size, const char *name, const char **ret_value,
                      size_t *ret_size);
