/* See endpoint.h. */
#include "api/gateway/endpoint.h"

#include <string.h>

#include "api/web/host.h"
#include "base/mem.h"

char *endpoint_format(const struct api_options *options, const char *api_id) {
    const char *endpoint = options->public_endpoint;
    const char *host = strstr(endpoint, "://") + 3;
    const char *port = strrchr(host, ':');
    bool has_port = port && !strchr(port, ']');
    return mem_format("%.*s%s." WEB_LABEL_API ".%s.%s%.*s", (int)(host - endpoint), endpoint, api_id,
                      options->region, options->url_domain, has_port ? (int)strcspn(port, "/") : 0,
                      has_port ? port : "");
}
