/* See request_totals.h. */
#include "api/request_totals.h"

#include <stdlib.h>

#include "api/services.h"
#include "api/web/fronts.h"
#include "base/mem.h"

static const char *const others[] = {"lamb", "none"};

#define OTHERS (sizeof others / sizeof others[0])

static size_t front_count(void) {
    size_t count = 0;
    while (web_fronts[count])
        count++;
    return count;
}

void request_totals_init(struct request_totals *totals) {
    totals->answers = mem_alloc_array(service_count + OTHERS + front_count(), sizeof *totals->answers);
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
    for (size_t i = 0; service && web_fronts[i]; i++)
        if (web_fronts[i] == service)
            row = service_count + OTHERS + i;
    totals->answers[row][status / 100 - 1]++;
}

const char *request_totals_name(size_t row) {
    if (row < service_count)
        return services[row]->name;
    row -= service_count;
    if (row < OTHERS)
        return others[row];
    return row - OTHERS < front_count() ? web_fronts[row - OTHERS]->name : NULL;
}
