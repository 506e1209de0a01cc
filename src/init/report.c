/* See report.h. */
#include "init/report.h"

#include <string.h>

#include "sys/fd.h"

void report_send(int socket, enum inside_type type, int32_t value, const char *text) {
    struct inside_message message = {.type = type, .value = value};
    size_t len = strnlen(text, sizeof message.text - 1);
    memcpy(message.text, text, len);
    struct err ignored;
    fd_send(socket, &message, sizeof message, NULL, 0, &ignored);
}

bool report_send_fds(int socket, enum inside_type type, const int *fds, size_t fd_count, struct err *err) {
    struct inside_message message = {.type = type};
    return fd_send(socket, &message, sizeof message, fds, fd_count, err);
}
