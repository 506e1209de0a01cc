/* See compatibility.h. */
#include "api/compatibility.h"

#include <stdio.h>

#include "api/lambda/settings_table.h"
#include "api/service.h"
#include "api/services.h"

static void print_service(const struct api_service *service) {
    size_t supported = 0;
    for (size_t i = 0; i < *service->operation_count; i++)
        supported += service->operations[i].run != NULL;
    printf("\n## %s\n\n%zu of %zu operations.\n\n| operation | | |\n|---|---|---|\n", service->title,
           supported, *service->operation_count);
    for (size_t i = 0; i < *service->operation_count; i++) {
        const struct api_operation *operation = &service->operations[i];
        const char *note = operation->lacks ? operation->lacks : "";
        printf("| %s | %s | %s |\n", operation->name, operation->run ? "yes" : "not yet", note);
    }
}

static void print_settings(void) {
    printf("\n## Settings of functions without effect yet\n\n"
           "What a user would rely on for safety or data is refused with an error that says so. What can do\n"
           "without is accepted, returned, and named in a warning of the daemon's log.\n\n"
           "| setting | | because Lamb |\n|---|---|---|\n");
    const struct setting *row;
    for (size_t i = 0; (row = settings_row(i)); i++)
        printf("| %s%s%s | %s | %s |\n", row->member, row->inner ? "." : "", row->inner ? row->inner : "",
               row->is_used ? "accepted" : "refused", row->lacks);
}

int compatibility_print(const char *const args[]) {
    (void)args;
    printf(
        "# Compatibility with AWS\n\n"
        "Printed by `lamb compatibility` from the tables that requests are served by. An operation that is\n"
        "not there yet answers UnsupportedOperationException; of a service that is not there yet, every\n"
        "operation answers UnknownOperationException.\n");
    for (size_t i = 0; i < service_count; i++)
        print_service(services[i]);
    print_settings();
    return 0;
}
