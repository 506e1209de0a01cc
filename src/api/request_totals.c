/* See request_totals.h. */
#include "api/request_totals.h"

#include <stdlib.h>

#include "api/services.h"
#include "base/mem.h"

static const char *const others[] = {"lamb", "none"};

#define OTHERS (sizeof others / sizeof others[0])

void request_totals_init(struct request_totals *totals) {
    totals->answers = mem_alloc_array(service_count + OTHERS, sizeof *totals->answers);
}

void request_totals_done(struct request_totals *totals) {
    free(totals->answers);
}

void request_totals_count(struct request_totals *totals, const struct api_service *service, bool is_own,
                          int status) {
    size_t row = service_count + (is_own ? 0 : 1);
    for (size_t i = 0; service && i < service_count; i++)
        if (services[i] == service)
            row = i;
    totals->answers[row][status / 100 - 1]++;
}

const char *request_totals_name(size_t row) {
    if (row < service_count)
        return services[row]->name;
    return row < service_count + OTHERS ? others[row - service_count] : NULL;
}
