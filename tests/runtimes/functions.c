/* The functions of test_c.py: _HANDLER names one of the handlers below. */
#include "lamb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void echo(const struct lamb_event *event, const struct lamb_context *context,
                 struct lamb_response *response, void *user) {
    (void)context;
    (void)user;
    if (event->data[event->size] != '\0')
        abort();
    lamb_respond(response, event->data, event->size);
}

static const char *field(struct lamb_response *response, const char *name, const char *text) {
    const char *value = text == NULL ? "null" : lamb_quote(response, text, strlen(text));
    return lamb_printf(response, "\"%s\":%s", name, value);
}

static void describe(const struct lamb_event *event, const struct lamb_context *context,
                     struct lamb_response *response, void *user) {
    (void)event;
    lamb_respondf(
        response, "{%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,\"deadline\":%lld,\"remaining\":%lld,\"count\":%d}",
        field(response, "request_id", context->request_id),
        field(response, "arn", context->invoked_function_arn), field(response, "trace", context->trace_id),
        field(response, "trace_variable", getenv("_X_AMZN_TRACE_ID")),
        field(response, "client_context", context->client_context),
        field(response, "identity", context->cognito_identity), field(response, "tenant", context->tenant_id),
        field(response, "name", context->function_name),
        field(response, "version", context->function_version),
        field(response, "memory", context->memory_size_mb), field(response, "group", context->log_group_name),
        field(response, "stream", context->log_stream_name), (long long)context->deadline_ms,
        (long long)lamb_remaining_ms(context), ++*(int *)user);
}

/* Event: TYPE LF MESSAGE. */
static void fail(const struct lamb_event *event, const struct lamb_context *context,
                 struct lamb_response *response, void *user) {
    (void)context;
    (void)user;
    const char *message = strchr(event->data, '\n');
    char *type = lamb_alloc(response, event->size);
    memcpy(type, event->data, (size_t)(message - event->data));
    type[message - event->data] = '\0';
    lamb_fail(response, type, message + 1);
}

/* Event: a number of bytes. */
static void fill(const struct lamb_event *event, const struct lamb_context *context,
                 struct lamb_response *response, void *user) {
    (void)context;
    (void)user;
    size_t size = strtoul(event->data, NULL, 10);
    char *body = malloc(size + 1);
    memset(body, 'x', size);
    lamb_respond(response, body, size);
    memset(body, 'y', size);
    free(body);
}

static void set_type(const struct lamb_event *event, const struct lamb_context *context,
                     struct lamb_response *response, void *user) {
    (void)context;
    (void)user;
    bool accepted = lamb_set_content_type(response, event->data);
    lamb_respondf(response, accepted ? "accepted" : "refused");
}

static void say(const struct lamb_event *event, const struct lamb_context *context,
                struct lamb_response *response, void *user) {
    (void)context;
    (void)response;
    (void)user;
    printf("%s without a newline", event->data);
}

static void give_up(const struct lamb_event *event, const struct lamb_context *context,
                    struct lamb_response *response, void *user) {
    (void)event;
    (void)context;
    (void)response;
    (void)user;
    exit(7);
}

static const struct {
    const char *name;
    lamb_handler *handler;
} handlers[] = {
    {"echo", echo}, {"describe", describe}, {"fail", fail},       {"fill", fill},
    {"say", say},   {"type", set_type},     {"give_up", give_up},
};

int main(void) {
    int count = 0;
    const char *name = getenv("_HANDLER");
    for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++)
        if (strcmp(handlers[i].name, name) == 0)
            return lamb_run(handlers[i].handler, &count);
    return lamb_init_fail("Function.NoHandler", name);
}
