/* What lamb-init and the starter tell lamb-spawner: see sandbox/inside.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/inside.h"

/* A packet that can't be sent is lost: the spawner is gone then, and with it soon this sandbox. */
void report_send(int socket, enum inside_type type, int32_t value, const char *text);

bool report_send_fds(int socket, enum inside_type type, const int *fds, size_t fd_count, struct err *err);
