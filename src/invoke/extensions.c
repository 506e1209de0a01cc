/* See extensions.h. */
#include "invoke/extensions.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/ident.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "invoke/extension_state.h"
#include "invoke/extension_subscription.h"

/* An event is short: identifiers, an ARN and a trace header. */
#define EVENT_BYTES (64u * 1024)

/* Of what an extension posts in Lambda-Extension-Function-Error-Type; the rest is cut. */
#define ERROR_TYPE_BYTES 128

#define JSON_TYPE "Content-Type: application/json\r\n"

struct extension {
    char *name;
    bool is_external;
    uint32_t program; /* of an external one */
    enum extension_state state;
    unsigned events;
    char id[IDENT_UUID_BYTES]; /* "" before it is registered */
    struct http_exchange *next;
    bool is_awaited; /* the phase waits for it */
    bool is_owed;    /* the present event is for it, and it was not at /event/next yet */
    bool has_exited;
    bool has_failed; /* the receiver knows */
    char *error_type;
};

struct extensions {
    const struct function *function;
    const struct extensions_events *events;
    void *arg;
    struct extension *items[LIMIT_EXTENSIONS + 1]; /* the last place is for one too many */
    size_t count;
    bool is_closed; /* to internal ones */
    bool is_shut_down;
    unsigned event_kind;
    struct buf event; /* JSON */
};

#define each_extension(extension, extensions)                                                                \
    for (size_t at_ = 0; at_ < (extensions)->count; at_++)                                                   \
        for (struct extension *extension = (extensions)->items[at_]; extension; extension = NULL)

struct extensions *extensions_new(const struct function *function, const struct extensions_events *events,
                                  void *arg) {
    struct extensions *extensions = mem_alloc(sizeof *extensions);
    *extensions = (struct extensions){.function = function, .events = events, .arg = arg};
    buf_init(&extensions->event, EVENT_BYTES);
    return extensions;
}

void extensions_reset(struct extensions *extensions) {
    each_extension(extension, extensions) {
        free(extension->name);
        free(extension->error_type);
        free(extension);
    }
    extensions->count = 0;
    extensions->is_closed = false;
    extensions->is_shut_down = false;
}

void extensions_free(struct extensions *extensions) {
    if (!extensions)
        return;
    extensions_reset(extensions);
    buf_done(&extensions->event);
    free(extensions);
}

static struct extension *add(struct extensions *extensions, const char *name, size_t len) {
    struct extension *extension = mem_alloc(sizeof *extension);
    extension->name = mem_copy_text(name, len);
    extensions->items[extensions->count++] = extension;
    return extension;
}

static struct extension *find_by_name(const struct extensions *extensions, struct http_text name) {
    each_extension(extension, extensions) if (http_text_is(name, extension->name)) return extension;
    return NULL;
}

static struct extension *find_by_id(const struct extensions *extensions, const char *id) {
    each_extension(extension, extensions) if (strcmp(extension->id, id) == 0) return extension;
    return NULL;
}

static bool is_registered(const struct extension *extension) {
    return extension->id[0] != '\0';
}

static bool enter(struct extension *extension, enum extension_event event) {
    return !extension->has_exited && extension_state_after(extension->state, event, &extension->state);
}

/* Told last. */
static void fail(struct extensions *extensions, struct extension *extension, const char *fatal_type) {
    extension->is_awaited = false;
    extension->is_owed = false;
    if (extension->has_failed || extensions->is_shut_down) {
        extensions->events->changed(extensions->arg);
        return;
    }
    extension->has_failed = true;
    extensions->events->failed(extensions->arg, extension->name, fatal_type, extension->error_type);
}

/* ---- Init ---- */

bool extensions_expect(struct extensions *extensions, const char *name, uint32_t program) {
    bool is_allowed = extensions->count < LIMIT_EXTENSIONS;
    if (extensions->count > LIMIT_EXTENSIONS)
        return false;
    struct extension *extension = add(extensions, name, strlen(name));
    extension->is_external = true;
    extension->program = program;
    if (!is_allowed) {
        enter(extension, EXTENSION_ON_LAUNCH_ERROR);
        extension->has_exited = true;
        extension->error_type = mem_text("TooManyExtensions");
    }
    return is_allowed;
}

size_t extensions_waiting_to_register(const struct extensions *extensions) {
    size_t count = 0;
    each_extension(extension, extensions)
        count += extension->state == EXTENSION_STARTED && !extension->has_exited;
    return count;
}

void extensions_close_registration(struct extensions *extensions) {
    extensions->is_closed = true;
}

bool extensions_has_external(const struct extensions *extensions) {
    each_extension(extension, extensions) if (extension->is_external && is_registered(extension)) return true;
    return false;
}

bool extensions_has_any(const struct extensions *extensions) {
    each_extension(extension, extensions) if (is_registered(extension)) return true;
    return false;
}

bool extensions_describe(const struct extensions *extensions, size_t index,
                         struct extensions_line *ret_line) {
    if (index >= extensions->count)
        return false;
    const struct extension *extension = extensions->items[index];
    *ret_line = (struct extensions_line){
        .name = extension->name,
        .state = extension_state_name(extension->state),
        .error_type = extension->error_type,
    };
    ret_line->event_count = extension_subscription_names(extension->events, ret_line->events);
    return true;
}

/* ---- Calls ---- */

static void refuse(struct http_exchange *exchange, const char *type, const char *message) {
    environment_api_refuse(exchange, 403, type, message);
}

/* `who` is a name or an identifier. */
static void refuse_transition(struct http_exchange *exchange, const struct extension *extension,
                              enum extension_event event, const char *who) {
    OWN_MEM char *message = mem_format("State transition from %s to %s failed for extension %s. Error: State "
                                       "transition is not allowed",
                                       extension_state_name(extension->state), extension_event_target(event),
                                       who);
    refuse(exchange, "Extension.InvalidExtensionState", message);
}

/* "accountId" in a list with commas; features that there aren't are ignored. */
static bool wants_account(const struct http_request *request) {
    const struct http_text *header = http_header_get(request, "lambda-extension-accept-feature");
    struct http_text rest = header ? *header : (struct http_text){"", 0};
    while (rest.len > 0) {
        const char *comma = memchr(rest.data, ',', rest.len);
        size_t used = comma ? (size_t)(comma - rest.data) + 1 : rest.len;
        struct http_text word = {rest.data, comma ? used - 1 : used};
        for (; word.len > 0 && isspace((unsigned char)word.data[0]); word.len--)
            word.data++;
        while (word.len > 0 && isspace((unsigned char)word.data[word.len - 1]))
            word.len--;
        if (http_text_is(word, "accountId"))
            return true;
        rest = (struct http_text){rest.data + used, rest.len - used};
    }
    return false;
}

static void answer_registered(const struct extensions *extensions, const struct extension *extension,
                              struct http_exchange *exchange) {
    const struct function *function = extensions->function;
    OWN(buf) struct buf body;
    buf_init(&body, EVENT_BYTES);
    struct json_writer writer;
    json_writer_init(&writer, &body);
    json_open_object(&writer);
    if (wants_account(http_exchange_request(exchange)))
        json_put_member(&writer, "accountId", function->account);
    json_put_member(&writer, "functionName", function->name);
    json_put_member(&writer, "functionVersion", function->version);
    json_put_member(&writer, "handler", function->handler);
    json_close_object(&writer);
    buf_append_byte(&body, '\n');
    OWN_MEM char *headers = mem_format(JSON_TYPE "Lambda-Extension-Identifier: %s\r\n", extension->id);
    http_respond(exchange, 200, headers, body.data, body.len);
}

/* NULL: refused. */
static struct extension *add_internal(struct extensions *extensions, const struct http_text *name,
                                      struct http_exchange *exchange) {
    if (extensions->is_closed) {
        refuse(exchange, "Extension.RegistrationClosed", "Extension registration closed already");
    } else if (extensions->count >= LIMIT_EXTENSIONS) {
        char message[48];
        snprintf(message, sizeof message, "Extension limit (%d) reached", LIMIT_EXTENSIONS);
        refuse(exchange, "Extension.TooManyExtensions", message);
    } else if (find_by_name(extensions, *name)) {
        refuse(exchange, "Extension.InvalidExtensionState", "Extension with this name already registered");
    } else {
        return add(extensions, name->data, name->len);
    }
    return NULL;
}

static void call_register(struct extensions *extensions, struct http_exchange *exchange) {
    const struct http_request *request = http_exchange_request(exchange);
    const struct http_text *name = http_header_get(request, "lambda-extension-name");
    if (!name || name->len == 0 || name->len > LIMIT_EXTENSION_NAME_BYTES) {
        refuse(exchange, "Extension.InvalidExtensionName",
               name && name->len > 0 ? "Extension name is longer than 255 bytes" : "Empty extension name");
        return;
    }
    struct extension *extension = find_by_name(extensions, *name);
    bool is_external = extension && extension->is_external;
    unsigned events;
    struct err err;
    if (!extension_subscription_parse(request->body.data, request->body.len, is_external, &events, &err)) {
        refuse(exchange, err.code == ERR_PARAMETER ? "Extension.InvalidEventType" : "InvalidRequestFormat",
               err.text);
        return;
    }
    if (!is_external)
        extension = add_internal(extensions, name, exchange);
    if (!extension)
        return;
    if (!enter(extension, EXTENSION_ON_REGISTER)) {
        refuse_transition(exchange, extension, EXTENSION_ON_REGISTER, extension->name);
        return;
    }
    extension->events = events;
    extension->is_awaited = true;
    ident_uuid(extension->id);
    answer_registered(extensions, extension, exchange);
    extensions->events->changed(extensions->arg);
}

/* The identifier that the caller says it has, in lower case; false: refused. */
static bool read_identifier(struct http_exchange *exchange, char ret_id[IDENT_UUID_BYTES]) {
    const struct http_text *header = http_header_get(http_exchange_request(exchange),
                                                     "lambda-extension-identifier");
    if (!header || header->len == 0) {
        refuse(exchange, "Extension.MissingExtensionIdentifier",
               "Missing Lambda-Extension-Identifier header");
        return false;
    }
    if (!ident_is_uuid(header->data, header->len)) {
        refuse(exchange, "Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier");
        return false;
    }
    for (size_t i = 0; i < header->len; i++)
        ret_id[i] = (char)tolower((unsigned char)header->data[i]);
    ret_id[header->len] = '\0';
    return true;
}

static struct extension *identify(const struct extensions *extensions, struct http_exchange *exchange) {
    char id[IDENT_UUID_BYTES];
    if (!read_identifier(exchange, id))
        return NULL;
    struct extension *extension = find_by_id(extensions, id);
    if (!extension) {
        char message[64];
        snprintf(message, sizeof message, "Unknown extension %s", id);
        refuse(exchange, "Extension.UnknownExtensionIdentifier", message);
    }
    return extension;
}

bool extensions_name_of(struct extensions *extensions, struct http_exchange *exchange,
                        const char **ret_name) {
    const struct extension *extension = identify(extensions, exchange);
    if (extension)
        *ret_name = extension->name;
    return extension;
}

/* Hands the present event to the waiting /event/next. */
static void deliver(const struct extensions *extensions, struct extension *extension) {
    enter(extension, EXTENSION_ON_DELIVER);
    extension->is_owed = false;
    char headers[160] = JSON_TYPE;
    if (extensions->event_kind == EXTENSION_INVOKE) {
        char event_id[IDENT_UUID_BYTES];
        ident_uuid(event_id);
        snprintf(headers, sizeof headers, JSON_TYPE "Lambda-Extension-Event-Identifier: %s\r\n", event_id);
    }
    http_respond(take_ptr(extension->next), 200, headers, extensions->event.data, extensions->event.len);
}

static void call_next(struct extensions *extensions, struct http_exchange *exchange) {
    struct extension *extension = identify(extensions, exchange);
    if (!extension)
        return;
    if (!enter(extension, EXTENSION_ON_NEXT)) {
        refuse_transition(exchange, extension, EXTENSION_ON_NEXT, extension->id);
        return;
    }
    extension->next = exchange;
    if (extension->is_owed) {
        deliver(extensions, extension);
        return;
    }
    extension->is_awaited = false;
    extensions->events->changed(extensions->arg);
}

static void call_error(struct extensions *extensions, enum extension_event event, const char *fatal_type,
                       struct http_exchange *exchange) {
    char id[IDENT_UUID_BYTES];
    if (!read_identifier(exchange, id))
        return;
    const struct http_text *type = http_header_get(http_exchange_request(exchange),
                                                   "lambda-extension-function-error-type");
    if (!type || type->len == 0) {
        refuse(exchange, "Extension.MissingHeader", "Lambda-Extension-Function-Error-Type not found");
        return;
    }
    struct extension *extension = find_by_id(extensions, id);
    if (!extension) {
        refuse(exchange, "Extension.UnknownExtensionIdentifier", "Unknown Lambda-Extension-Identifier");
        return;
    }
    if (!enter(extension, event)) {
        refuse_transition(exchange, extension, event, id);
        return;
    }
    if (!extension->error_type)
        extension->error_type = mem_copy_text(type->data,
                                              type->len < ERROR_TYPE_BYTES ? type->len : ERROR_TYPE_BYTES);
    environment_api_accept(exchange);
    fail(extensions, extension, fatal_type);
}

void extensions_call(struct extensions *extensions, enum environment_call call,
                     struct http_exchange *exchange) {
    if (call == CALL_EXTENSION_REGISTER)
        call_register(extensions, exchange);
    else if (call == CALL_EXTENSION_NEXT)
        call_next(extensions, exchange);
    else if (call == CALL_EXTENSION_INIT_ERROR)
        call_error(extensions, EXTENSION_ON_INIT_ERROR, "Extension.InitError", exchange);
    else
        call_error(extensions, EXTENSION_ON_EXIT_ERROR, "Extension.ExitError", exchange);
}

bool extensions_gone(struct extensions *extensions, struct http_exchange *exchange) {
    each_extension(extension, extensions) {
        if (extension->next != exchange)
            continue;
        extension->next = NULL;
        if (enter(extension, EXTENSION_ON_LEAVE))
            extension->is_awaited = true;
        return true;
    }
    return false;
}

void extensions_exited(struct extensions *extensions, uint32_t program, const struct program_end *end) {
    each_extension(extension, extensions) {
        if (!extension->is_external || extension->program != program || extension->has_exited)
            continue;
        const char *fatal_type = "Extension.Crash";
        if (end->exec_errno != 0 && enter(extension, EXTENSION_ON_LAUNCH_ERROR)) {
            fatal_type = "Extension.LaunchError";
            extension->error_type = mem_text(end->exec_errno == EACCES ? "PermissionDenied" : "UnknownError");
        }
        extension->has_exited = true;
        fail(extensions, extension, fatal_type);
        return;
    }
}

/* ---- Phases ---- */

size_t extensions_pending(const struct extensions *extensions) {
    size_t count = 0;
    each_extension(extension, extensions) count += extension->is_awaited;
    return count;
}

/* The event is in place: to everybody who wants it. */
static void announce(struct extensions *extensions, unsigned kind) {
    extensions->event_kind = kind;
    each_extension(extension, extensions) {
        bool is_able = extension->state == EXTENSION_REGISTERED || extension->state == EXTENSION_READY ||
                       extension->state == EXTENSION_RUNNING;
        extension->is_owed = is_able && !extension->has_exited && (extension->events & kind);
        if (!extension->is_owed)
            continue;
        extension->is_awaited = true;
        if (extension->state == EXTENSION_READY)
            deliver(extensions, extension);
    }
}

static void begin_event(struct extensions *extensions, struct json_writer *writer, const char *type,
                        int64_t deadline_ms) {
    buf_clear(&extensions->event);
    json_writer_init(writer, &extensions->event);
    json_open_object(writer);
    json_put_member(writer, "eventType", type);
    json_put_member_integer(writer, "deadlineMs", deadline_ms);
}

void extensions_invoke(struct extensions *extensions, const char *request_id, const char *arn,
                       const char *trace_value, int64_t deadline_ms) {
    if (extensions->count == 0)
        return;
    struct json_writer writer;
    begin_event(extensions, &writer, "INVOKE", deadline_ms);
    json_put_member(&writer, "requestId", request_id);
    json_put_member(&writer, "invokedFunctionArn", arn);
    if (trace_value && trace_value[0]) {
        json_key(&writer, "tracing");
        json_open_object(&writer);
        json_put_member(&writer, "type", "X-Amzn-Trace-Id");
        json_put_member(&writer, "value", trace_value);
        json_close_object(&writer);
    }
    json_close_object(&writer);
    announce(extensions, EXTENSION_INVOKE);
}

void extensions_shutdown(struct extensions *extensions, const char *reason, int64_t deadline_ms) {
    extensions->is_shut_down = true;
    struct json_writer writer;
    begin_event(extensions, &writer, "SHUTDOWN", deadline_ms);
    json_put_member(&writer, "shutdownReason", reason);
    json_close_object(&writer);
    announce(extensions, EXTENSION_SHUTDOWN);
}

size_t extensions_alive(const struct extensions *extensions) {
    size_t count = 0;
    each_extension(extension, extensions)
        count += extension->is_external && (extension->events & EXTENSION_SHUTDOWN) && !extension->has_exited;
    return count;
}
