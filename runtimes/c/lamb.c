/* The loop of liblamb: next event, handler, response, over and over. See lamb.h for its users and
 * promises.
 *
 * A response and the request for the next event leave in one write. HTTP/1.1 answers requests of one
 * connection in their order (RFC 9112, 9.3.2), so the platform has taken the response before it looks at
 * the request behind it; a response it refuses (too large, say) ends the invocation too, and the request
 * behind it still stands. This saves one wake-up of both sides per invocation. If the connection is lost
 * in between, the event is asked for again on a new one, which the Runtime API allows at any time. Long
 * responses go alone: their second write costs nothing noticeable, and the platform may close the
 * connection on one that is over the limit. */
#include "lamb.h"

#include "arena.h"
#include "http.h"
#include "response.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define TRACE_VARIABLE "_X_AMZN_TRACE_ID"
#define TRACE_BYTES 1024
#define NEXT_ATTEMPTS 3
#define PIPELINED_BODY_BYTES (256u * 1024)
#define TYPE_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static const char next_request[] = "GET " API "/invocation/next HTTP/1.1\r\n" COMMON_HEADERS "\r\n";

struct runtime {
    struct lamb_http http;
    struct lamb_http_reply reply;
    bool next_sent; /* the request for the next event is on its way on this connection */
    struct lamb_context context;
    struct lamb_response response;
    char trace_variable[sizeof TRACE_VARIABLE + TRACE_BYTES + 1];
};

static struct iovec part(const char *data, size_t size) {
    return (struct iovec){.iov_base = (void *)(uintptr_t)data, .iov_len = size};
}

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t lamb_remaining_ms(const struct lamb_context *context) {
    int64_t left = context->deadline_ms - now_ms();
    return left > 0 ? left : 0;
}

void *lamb_alloc(struct lamb_response *response, size_t size) {
    return lamb_arena_take(&response->arena, size);
}

__attribute__((format(printf, 2, 0), nonnull(2))) static char *print(struct lamb_response *response,
                                                                     const char *format, va_list args,
                                                                     size_t *ret_size) {
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    size_t length = size < 0 ? 0 : (size_t)size;
    char *text = lamb_alloc(response, length + 1);
    text[0] = '\0';
    if (length > 0)
        vsnprintf(text, length + 1, format, args);
    *ret_size = length;
    return text;
}

char *lamb_printf(struct lamb_response *response, const char *format, ...) {
    size_t size;
    va_list args;
    va_start(args, format);
    char *text = print(response, format, args, &size);
    va_end(args);
    return text;
}

char *lamb_quote(struct lamb_response *response, const char *text, size_t size) {
    return lamb_text_quote(&response->arena, text, size);
}

static bool lies_within(const char *data, size_t size, const struct lamb_event *event) {
    uintptr_t offset = (uintptr_t)data - (uintptr_t)event->data;
    return offset <= event->size && size <= event->size - offset;
}

void lamb_respond(struct lamb_response *response, const void *data, size_t size) {
    bool is_ours = lies_within(data, size, response->event) || lamb_arena_owns(&response->arena, data, size);
    if (!is_ours && size > 0)
        data = memcpy(lamb_alloc(response, size), data, size);
    response->data = data;
    response->size = size;
    response->error_type = NULL;
}

void lamb_respondf(struct lamb_response *response, const char *format, ...) {
    size_t size;
    va_list args;
    va_start(args, format);
    const char *text = print(response, format, args, &size);
    va_end(args);
    lamb_respond(response, text, size);
}

bool lamb_set_content_type(struct lamb_response *response, const char *content_type) {
    size_t size = strlen(content_type);
    if (size >= sizeof response->content_type || response->has_begun || response->prelude != NULL)
        return false;
    for (size_t i = 0; i < size; i++)
        if (content_type[i] < ' ' || content_type[i] > '~')
            return false;
    memcpy(response->content_type, content_type, size + 1);
    return true;
}

/* What a handler calls its error may be anything; a header may not. */
static const char *header_type(const char *type) {
    size_t size = strspn(type, TYPE_CHARS);
    return size > 0 && size <= 200 && type[size] == '\0' ? type : "Function.Unknown";
}

void lamb_fail(struct lamb_response *response, const char *type, const char *message) {
    const char *error = lamb_text_error(&response->arena, type, message);
    lamb_respond(response, error, strlen(error));
    response->error_type = lamb_printf(response, "%s", header_type(type));
    response->short_message = lamb_printf(response, "%.5000s", message);
}

int lamb_init_fail(const char *type, const char *message) {
    struct lamb_arena arena = {0};
    struct lamb_http http;
    struct lamb_http_reply reply;
    char head[512];
    const char *error = lamb_text_error(&arena, type, message);
    snprintf(head, sizeof head,
             "POST " API "/init/error HTTP/1.1\r\n" COMMON_HEADERS "Content-Type: application/json\r\n"
             "Lambda-Runtime-Function-Error-Type: %s\r\nContent-Length: %zu\r\n\r\n",
             header_type(type), strlen(error));
    struct iovec parts[] = {part(head, strlen(head)), part(error, strlen(error))};
    fprintf(stderr, "[ERROR] %s: %s\n", type, message);
    if (!lamb_http_init(&http, getenv("AWS_LAMBDA_RUNTIME_API")) || !lamb_http_send(&http, parts, 2) ||
        !lamb_http_receive(&http, true, &reply))
        fprintf(stderr, "lamb: %s\n", http.failure);
    lamb_http_done(&http);
    lamb_arena_done(&arena);
    return 1;
}

static bool ask_next(struct runtime *runtime) {
    struct iovec request = part(next_request, sizeof next_request - 1);
    runtime->next_sent = runtime->next_sent || lamb_http_send(&runtime->http, &request, 1);
    return runtime->next_sent;
}

/* Waits for an event. The attempts are for a lost connection or a platform that says "try again". */
static bool receive_event(struct runtime *runtime) {
    for (int attempt = 0; attempt < NEXT_ATTEMPTS; attempt++) {
        bool answered = ask_next(runtime) && lamb_http_receive(&runtime->http, true, &runtime->reply);
        runtime->next_sent = false;
        if (answered && runtime->reply.status / 100 == 2 &&
            lamb_http_header(&runtime->reply, "Lambda-Runtime-Aws-Request-Id") != NULL)
            return true;
        if (answered)
            snprintf(runtime->http.failure, sizeof runtime->http.failure,
                     "the Runtime API gives no event: %d %.80s", runtime->reply.status, runtime->reply.body);
    }
    fprintf(stderr, "lamb: %s\n", runtime->http.failure);
    return false;
}

/* The variable's text is overwritten in place: setenv would leak a copy per event. */
static void export_trace(struct runtime *runtime, const char *trace) {
    unsetenv(TRACE_VARIABLE);
    size_t size = trace == NULL ? SIZE_MAX : strlen(trace);
    if (size > TRACE_BYTES)
        return;
    memcpy(runtime->trace_variable + sizeof TRACE_VARIABLE, trace, size + 1);
    putenv(runtime->trace_variable);
}

static void read_context(struct runtime *runtime) {
    const struct lamb_http_reply *reply = &runtime->reply;
    struct lamb_context *context = &runtime->context;
    context->request_id = lamb_http_header(reply, "Lambda-Runtime-Aws-Request-Id");
    context->invoked_function_arn = lamb_http_header(reply, "Lambda-Runtime-Invoked-Function-Arn");
    context->trace_id = lamb_http_header(reply, "Lambda-Runtime-Trace-Id");
    context->client_context = lamb_http_header(reply, "Lambda-Runtime-Client-Context");
    context->cognito_identity = lamb_http_header(reply, "Lambda-Runtime-Cognito-Identity");
    context->tenant_id = lamb_http_header(reply, "Lambda-Runtime-Aws-Tenant-Id");
    const char *deadline = lamb_http_header(reply, "Lambda-Runtime-Deadline-Ms");
    context->deadline_ms = deadline == NULL ? 0 : strtoll(deadline, NULL, 10);
    export_trace(runtime, context->trace_id);
}

static void run_handler(struct runtime *runtime, lamb_handler *handler, void *user) {
    struct lamb_response *response = &runtime->response;
    struct lamb_event event = {.data = runtime->reply.body, .size = runtime->reply.body_size};
    read_context(runtime);
    lamb_arena_reset(&response->arena);
    lamb_stream_reset(response, &runtime->http, runtime->context.request_id);
    response->event = &event;
    response->content_type[0] = '\0';
    lamb_respond(response, "null", 4);
    handler(&event, &runtime->context, response, user);
    response->event = NULL;
    fflush(stdout);
}

static void write_head(const struct lamb_response *response, char *head, size_t capacity) {
    const char *type = response->error_type;
    const char *content_type = *response->content_type == '\0' ? "application/json" : response->content_type;
    snprintf(head, capacity,
             "POST " API "/invocation/%.128s/%s HTTP/1.1\r\n" COMMON_HEADERS "Content-Type: %s\r\n"
             "%s%s%sContent-Length: %zu\r\n\r\n",
             response->request_id, type == NULL ? "response" : "error",
             type == NULL ? content_type : "application/json",
             type == NULL ? "" : "Lambda-Runtime-Function-Error-Type: ", type == NULL ? "" : type,
             type == NULL ? "" : "\r\n", response->size);
}

/* Sends the response and reads what the platform says to it. False if the runtime can't go on. */
static bool deliver(struct runtime *runtime) {
    struct lamb_response *response = &runtime->response;
    char head[1024];
    const char *start = head;
    if (lamb_stream_is_open(response)) {
        start = lamb_stream_end(response);
        response->size = 0;
    } else {
        write_head(response, head, sizeof head);
    }
    if (response->is_lost)
        return true;
    struct iovec parts[] = {
        part(start, strlen(start)),
        part(response->data, response->size),
        part(next_request, sizeof next_request - 1),
    };
    bool pipelined = response->size <= PIPELINED_BODY_BYTES;
    if (!lamb_http_send(&runtime->http, parts, pipelined ? 3 : 2) ||
        !lamb_http_receive(&runtime->http, !pipelined, &runtime->reply))
        return true;
    runtime->next_sent = pipelined;
    const struct lamb_http_reply *reply = &runtime->reply;
    if (reply->status != 202)
        fprintf(stderr, "lamb: the platform refused the response of %zu bytes: %d %.*s\n", response->size,
                reply->status, (int)(reply->body_size < 200 ? reply->body_size : 200), reply->body);
    return reply->status < 500;
}

int lamb_run(lamb_handler *handler, void *user) {
    struct runtime runtime = {
        .trace_variable = TRACE_VARIABLE "=",
        .context =
            {
                .function_name = getenv("AWS_LAMBDA_FUNCTION_NAME"),
                .function_version = getenv("AWS_LAMBDA_FUNCTION_VERSION"),
                .memory_size_mb = getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
                .log_group_name = getenv("AWS_LAMBDA_LOG_GROUP_NAME"),
                .log_stream_name = getenv("AWS_LAMBDA_LOG_STREAM_NAME"),
            },
    };
    if (!lamb_http_init(&runtime.http, getenv("AWS_LAMBDA_RUNTIME_API"))) {
        fprintf(stderr, "lamb: %s\n", runtime.http.failure);
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    do {
        if (!receive_event(&runtime))
            break;
        run_handler(&runtime, handler, user);
    } while (deliver(&runtime));
    unsetenv(TRACE_VARIABLE);
    lamb_http_done(&runtime.http);
    lamb_arena_done(&runtime.response.arena);
    return 1;
}
