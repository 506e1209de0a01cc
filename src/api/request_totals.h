/* How many requests were answered, by service and class of status. Called wherever an answer leaves; read by
 * metrics.c. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/service.h"

/* 1xx to 5xx. */
#define REQUEST_TOTALS_CLASSES 5

struct request_totals {
    uint64_t (*answers)[REQUEST_TOTALS_CLASSES]; /* of the services, of two others, of web_fronts */
};

void request_totals_init(struct request_totals *totals);
void request_totals_done(struct request_totals *totals);

/* `service` NULL: one of Lamb's own operations, or a request that was refused before it was known. */
void request_totals_count(struct request_totals *totals, const struct api_service *service, bool is_own,
                          int status);

/* The row's name: that of a service, "lamb", or "none"; NULL past the last. */
const char *request_totals_name(size_t row);
