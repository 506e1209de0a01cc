/* See services.h. */
#include "api/services.h"

#include <string.h>

const struct api_service *const services[] = {&gateway_service, &iam_service, &lambda_service, &sqs_service,
                                              &sts_service};
const size_t service_count = sizeof services / sizeof services[0];

const struct api_service *service_find(const char *name) {
    for (size_t i = 0; i < service_count; i++)
        if (strcmp(services[i]->name, name) == 0)
            return services[i];
    return NULL;
}
