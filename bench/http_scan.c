/* See http_scan.h. Also compiled into the static floor runtime, so nothing but libc here. */
#include "bench/http_scan.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool http_scan_header(const char *head, size_t head_size, const char *name, const char **ret_value,
                      size_t *ret_size) {
    size_t name_size = strlen(name);
    const char *end = head + head_size;
    const char *line = memchr(head, '\n', head_size);
    while (line != NULL && ++line < end) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (stop == NULL)
            return false;
        if ((size_t)(stop - line) > name_size && line[name_size] == ':' &&
            strncasecmp(line, name, name_size) == 0) {
            const char *value = line + name_size + 1;
            while (*value == ' ')
                value++;
            *ret_value = value;
            *ret_size = (size_t)(stop - value) - (stop > value && stop[-1] == '\r');
            return true;
        }
        line = stop;
    }
    return false;
}

enum http_scan_result http_scan(const char *bytes, size_t size, struct http_message *ret_message) {
    const char *blank = memmem(bytes, size, "\r\n\r\n", 4);
    if (blank == NULL)
        return HTTP_SCAN_MORE;
    size_t head_size = (size_t)(blank - bytes) + 4;
    const char *value;
    size_t value_size;
    size_t body_size = 0;
    if (http_scan_header(bytes, head_size, "Content-Length", &value, &value_size))
        body_size = strtoul(value, NULL, 10);
    else if (http_scan_header(bytes, head_size, "Transfer-Encoding", &value, &value_size))
        return HTTP_SCAN_BAD;
    if (size - head_size < body_size)
        return HTTP_SCAN_MORE;
    bool is_response = head_size > 12 && memcmp(bytes, "HTTP/1.1 ", 9) == 0;
    *ret_message = (struct http_message){
        .head_size = head_size,
        .body_size = body_size,
        .status = is_response ? atoi(bytes + 9) : 0,
    };
    return HTTP_SCAN_WHOLE;
}
