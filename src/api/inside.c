/* See inside.h. A function is as hostile as any client: its listener has the front's limits, and fewer
 * connections. */
#include "api/inside.h"

#include <stdio.h>
#include <string.h>

#include "api/access.h"
#include "api/context.h"
#include "api/dispatch.h"
#include "api/session.h"
#include "base/limits.h"
#include "base/mem.h"
#include "http/server.h"

#define MAX_CONNECTIONS 64
#define IDLE_MS 120000
#define HEADER_MS 20000
#define BODY_MS 30000

#define SLACK_MS 60000

/* Of sessions of a role that does not exist, or does not trust Lambda any more: no role ever gets it, so that
 * they may nothing. */
#define NO_ROLE_ID "AROAAAAAAAAAAAAAAAAAA"

static void *open_api(void *arg, int listener_fd) {
    struct api *api = arg;
    const struct http_options options = {
        .budget = &api->inner_budget,
        .budget_bytes = LIMIT_CREATE_REQUEST_BYTES,
        .send_date = true,
        .max_connections = MAX_CONNECTIONS,
        .idle_timeout_ms = IDLE_MS,
        .header_timeout_ms = HEADER_MS,
        .body_timeout_ms = BODY_MS,
    };
    return http_listener_new(api->loop, listener_fd, &dispatch_handler, &api->inner_front, &options,
                             api->clock);
}

static bool is_api_busy(void *arg, void *listener) {
    (void)arg;
    return http_listener_is_busy(listener);
}

static void close_api(void *arg, void *listener) {
    (void)arg;
    http_listener_free(listener);
}

/* A session of the function's role, named after the function, as on AWS. */
static bool credentials(void *arg, const struct function *function,
                        struct invoke_credentials *ret_credentials) {
    const struct api *api = arg;
    const char *slash = strrchr(function->role, '/');
    const struct identity *role = identities_find_arn(&api->identities, IDENTITY_ROLE, function->role);
    bool is_usable = role && (!api->options.checks_roles || access_trusts_lambda(role));
    /* An environment is given up while its credentials still last for a whole call. */
    int64_t slack_ms = (int64_t)function->timeout_s * 1000 + SLACK_MS;
    int64_t useful_ms = api->options.role_credentials_ms - slack_ms;
    if (useful_ms < slack_ms)
        useful_ms = slack_ms;
    const struct session_request session = {
        .account = function->account,
        .role = slash ? slash + 1 : function->role,
        .role_id = is_usable ? role->id : NO_ROLE_ID,
        .name = function->name,
        .issued_s = clock_wall_us(api->clock) / 1000000,
        .expires_s = (clock_wall_us(api->clock) / 1000 + useful_ms + slack_ms) / 1000,
    };
    struct session_credentials made;
    sessions_grant(&api->auth.sessions, &session, &made);
    snprintf(ret_credentials->access_key_id, sizeof ret_credentials->access_key_id, "%s", made.key_id);
    snprintf(ret_credentials->secret_access_key, sizeof ret_credentials->secret_access_key, "%s",
             made.secret);
    snprintf(ret_credentials->session_token, sizeof ret_credentials->session_token, "%s", made.token);
    ret_credentials->lifetime_ms = useful_ms;
    mem_wipe(&made, sizeof made);
    return true;
}

struct invoke_upper inside_upper(struct api *api) {
    return (struct invoke_upper){
        .credentials = credentials,
        .open_api = open_api,
        .is_api_busy = is_api_busy,
        .close_api = close_api,
        .arg = api,
    };
}
