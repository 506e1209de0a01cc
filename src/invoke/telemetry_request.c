/* See telemetry_request.h. As at the service, what has the wrong form is refused at once, and what can't be
 * accepted with all its faults in one message. */
#include "invoke/telemetry_request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "http/request.h"

#define MAX_TOKENS 256

/* Ports of Lamb's own listeners in the sandbox. */
#define RUNTIME_API_PORT 9001
#define LAMB_API_PORT 9002

/* What is read so far. */
struct reading {
    enum telemetry_api api;
    struct telemetry_request *request;
    struct telemetry_refusal *refusal;
};

static const struct {
    const char *name;
    const char *validation_type; /* the only one without the API's name at one of them */
} apis[] = {
    [TELEMETRY_API] = {"Telemetry", "ValidationError"},
    [LOGS_API] = {"Logs", "Logs.ValidationError"},
};

static const char *const versions[] = {
    [NOTICE_LOGS_2020_08_15] = "2020-08-15",      [NOTICE_LOGS_2021_03_18] = "2021-03-18",
    [NOTICE_TELEMETRY_2022_07_01] = "2022-07-01", [NOTICE_TELEMETRY_2022_12_13] = "2022-12-13",
    [NOTICE_TELEMETRY_2025_01_29] = "2025-01-29",
};
static const char *const sources[] = {
    [TELEMETRY_PLATFORM] = "platform",
    [TELEMETRY_FUNCTION] = "function",
    [TELEMETRY_EXTENSION] = "extension",
};
static const char *const members[] = {"schemaVersion", "types", "buffering", "destination"};
static const char *const protocols[] = {"HTTP", "TCP"};
static const char *const methods[] = {"POST", "PUT"};
static const char *const encodings[] = {"JSON"};

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

/* ---- refusals ---- */

__attribute__((format(printf, 4, 5))) static bool refuse(const struct reading *reading, int status,
                                                         const char *kind, const char *format, ...) {
    struct telemetry_refusal *refusal = reading->refusal;
    refusal->status = status;
    snprintf(refusal->type, sizeof refusal->type, "%s.%s", apis[reading->api].name, kind);
    va_list args;
    va_start(args, format);
    vsnprintf(refusal->message, sizeof refusal->message, format, args);
    va_end(args);
    return false;
}

#define MALFORMED(reading, ...) refuse(reading, 400, "DeserializationError", __VA_ARGS__)

/* Adds to the message of a request that has the right form. */
__attribute__((format(printf, 2, 3))) static void fault(const struct reading *reading, const char *format,
                                                        ...) {
    struct telemetry_refusal *refusal = reading->refusal;
    refusal->status = 400;
    snprintf(refusal->type, sizeof refusal->type, "%s", apis[reading->api].validation_type);
    size_t len = strlen(refusal->message);
    if (len > 0)
        len += (size_t)snprintf(refusal->message + len, sizeof refusal->message - len, "; ");
    if (len >= sizeof refusal->message)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(refusal->message + len, sizeof refusal->message - len, format, args);
    va_end(args);
}

/* "unknown variant `x`, expected one of `a`, `b`, `c`", "`a` or `b`" for two. */
static bool refuse_unknown(const struct reading *reading, const char *what, const char *text,
                           const char *const *known, size_t count) {
    OWN(buf) struct buf list;
    buf_init(&list, 256);
    for (size_t i = 0; i < count; i++)
        buf_append_format(&list, "%s`%s`", i == 0 ? "" : count == 2 ? " or " : ", ", known[i]);
    return MALFORMED(reading, "unknown %s `%.64s`, expected %s%s", what, text, count > 2 ? "one of " : "",
                     buf_text(&list));
}

static bool refuse_type(const struct reading *reading, struct json_value value, const char *expected) {
    static const char *const names[] = {
        [JSON_NULL] = "null",     [JSON_FALSE] = "boolean", [JSON_TRUE] = "boolean",
        [JSON_NUMBER] = "number", [JSON_STRING] = "string", [JSON_ARRAY] = "sequence",
        [JSON_OBJECT] = "map",
    };
    return MALFORMED(reading, "invalid type: %s, expected %s", names[json_type_of(value)], expected);
}

void telemetry_refuse_closed(enum telemetry_api api, struct telemetry_refusal *ret_refusal) {
    struct reading reading = {.api = api, .refusal = ret_refusal};
    refuse(&reading, 403, "SubscriptionClosed", "%s API subscription is closed", apis[api].name);
}

void telemetry_refuse_other(enum telemetry_api api, const char *extension_name,
                            struct telemetry_refusal *ret_refusal) {
    struct reading reading = {.api = api, .refusal = ret_refusal};
    refuse(&reading, 400, "AccessDenied",
           "The extension %s is already subscribed to the %sAPI. You must either subscribe to the LogsAPI or "
           "the TelemetryAPI",
           extension_name, apis[api == LOGS_API ? TELEMETRY_API : LOGS_API].name);
}

/* ---- members ---- */

/* One of the known texts. */
static bool read_variant(const struct reading *reading, struct json_value value, const char *const *known,
                         size_t count, size_t *ret_index) {
    if (json_type_of(value) != JSON_STRING)
        return refuse_type(reading, value, "a string");
    for (size_t i = 0; i < count; i++) {
        if (json_string_is(value, known[i])) {
            *ret_index = i;
            return true;
        }
    }
    OWN_MEM char *text = json_string(value);
    return refuse_unknown(reading, "variant", text ? text : "", known, count);
}

static bool require(const struct reading *reading, struct json_value object, const char *name,
                    struct json_value *ret_value) {
    *ret_value = json_member(object, name);
    return json_is_present(*ret_value) || MALFORMED(reading, "missing field `%s`", name);
}

/* Without one it is the first version there was. */
static bool read_version(const struct reading *reading, struct json_value root) {
    struct json_value value = json_member(root, "schemaVersion");
    size_t index = NOTICE_LOGS_2020_08_15;
    if (json_is_present(value) && !read_variant(reading, value, versions, COUNT(versions), &index))
        return false;
    reading->request->schema = (enum notice_schema)index;
    bool is_logs = index <= NOTICE_LOGS_2021_03_18;
    if (reading->api == LOGS_API && !is_logs)
        fault(reading, "LogsAPI only supports the following SchemaVersion: 2020-08-15, 2021-03-18");
    if (reading->api == TELEMETRY_API && is_logs)
        fault(reading, "TelemetryAPI only supports the SchemaVersion released after 2021-03-18");
    return true;
}

static bool read_types(const struct reading *reading, struct json_value root) {
    struct telemetry_request *request = reading->request;
    struct json_value types;
    if (!require(reading, root, "types", &types))
        return false;
    if (json_type_of(types) != JSON_ARRAY)
        return refuse_type(reading, types, "a sequence");
    if (json_size(types) == 0)
        fault(reading, "types should not be empty");
    struct json_value item;
    bool is_repeated = false;
    for (uint32_t cursor = 0; json_each(types, &cursor, NULL, &item);) {
        size_t source = 0;
        if (!read_variant(reading, item, sources, COUNT(sources), &source))
            return false;
        if (request->sources & 1u << source) {
            is_repeated = true;
            continue;
        }
        request->sources |= 1u << source;
        request->words[request->word_count++] = sources[source];
    }
    if (is_repeated)
        fault(reading, "types should be unique");
    return true;
}

static bool read_buffering(const struct reading *reading, struct json_value root) {
    struct telemetry_limits *limits = &reading->request->limits;
    const struct {
        const char *name;
        int64_t *place;
        int64_t usual;
        int64_t least;
        int64_t most;
    } rows[] = {
        {"maxBytes", &limits->max_bytes, LIMIT_TELEMETRY_BYTES_MIN, LIMIT_TELEMETRY_BYTES_MIN,
         LIMIT_TELEMETRY_BYTES_MAX},
        {"maxItems", &limits->max_items, LIMIT_TELEMETRY_ITEMS_MAX, LIMIT_TELEMETRY_ITEMS_MIN,
         LIMIT_TELEMETRY_ITEMS_MAX},
        {"timeoutMs", &limits->timeout_ms, LIMIT_TELEMETRY_TIMEOUT_MS, LIMIT_TELEMETRY_TIMEOUT_MIN_MS,
         LIMIT_TELEMETRY_TIMEOUT_MAX_MS},
    };
    struct json_value buffering = json_member(root, "buffering");
    if (json_is_present(buffering) && json_type_of(buffering) != JSON_OBJECT)
        return refuse_type(reading, buffering, "a map");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_value value = json_member(buffering, rows[i].name);
        *rows[i].place = rows[i].usual;
        if (!json_is_present(value))
            continue;
        if (json_type_of(value) != JSON_NUMBER)
            return refuse_type(reading, value, "an integer");
        if (!json_integer(value, rows[i].place) || *rows[i].place < rows[i].least ||
            *rows[i].place > rows[i].most)
            fault(reading, "%s should be between %lld and %lld", rows[i].name, (long long)rows[i].least,
                  (long long)rows[i].most);
    }
    return true;
}

/* ---- destination ---- */

static void check_port(const struct reading *reading, int64_t port) {
    if (port < 1 || port > UINT16_MAX)
        fault(reading, "port should be between 1 and 65535");
    else if (port == RUNTIME_API_PORT || port == LAMB_API_PORT)
        fault(reading, "port %d is reserved", (int)port);
    else
        reading->request->destination.port = (uint16_t)port;
}

/* Digits; -1 for anything else. */
static int64_t read_port(const char *text) {
    int64_t port = 0;
    if (!*text)
        return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || port > UINT16_MAX)
            return -1;
        port = port * 10 + (*text - '0');
    }
    return port;
}

/* What may be in a request line and in Host: visible ASCII. */
static bool is_clean(const char *text) {
    for (; *text; text++)
        if (*text <= ' ' || *text >= 0x7f)
            return false;
    return true;
}

static bool is_own_host(const char *host, size_t len) {
    static const char *const hosts[] = {"sandbox.localdomain", "sandbox"};
    for (size_t i = 0; i < COUNT(hosts); i++)
        if (http_text_is_nocase((struct http_text){host, len}, hosts[i]))
            return true;
    return false;
}

static bool check_uri(const struct reading *reading, const char *uri) {
    static const char scheme[] = "http://";
    struct telemetry_destination *destination = &reading->request->destination;
    if (strncasecmp(uri, scheme, sizeof scheme - 1) != 0)
        return refuse(reading, 403, "AccessDenied", "Only 'http' scheme is supported.");
    const char *authority = uri + sizeof scheme - 1;
    size_t authority_len = strcspn(authority, "/?#");
    const char *target = authority + authority_len;
    size_t host_len = strcspn(authority, ":/?#");
    if (!is_own_host(authority, host_len))
        return refuse(reading, 403, "AccessDenied", "Only 'sandbox.localdomain' hostname is supported.");
    if (!is_clean(uri) || strlen(uri) > LIMIT_TELEMETRY_URI_BYTES) {
        fault(reading, "invalid destination URI");
        return true;
    }
    destination->authority = mem_copy_text(authority, authority_len);
    destination->target = mem_format("%s%.*s", *target == '/' ? "" : "/", (int)strcspn(target, "#"), target);
    if (host_len == authority_len)
        fault(reading, "URI port is not provided");
    else
        check_port(reading, read_port(destination->authority + host_len + 1));
    return true;
}

static bool read_http(const struct reading *reading, struct json_value destination) {
    struct json_value uri, method = json_member(destination, "method"),
                           encoding = json_member(destination, "encoding");
    size_t index = 0;
    if (json_is_present(method) && !read_variant(reading, method, methods, COUNT(methods), &index))
        return false;
    reading->request->destination.method = methods[index];
    if (json_is_present(encoding) && !read_variant(reading, encoding, encodings, COUNT(encodings), &index))
        return false;
    if (!require(reading, destination, "URI", &uri))
        return false;
    OWN_MEM char *text = json_string(uri);
    return text ? check_uri(reading, text) : refuse_type(reading, uri, "a string");
}

static bool read_tcp(const struct reading *reading, struct json_value destination) {
    struct json_value port;
    int64_t number = -1;
    if (!require(reading, destination, "port", &port))
        return false;
    if (json_type_of(port) != JSON_NUMBER)
        return refuse_type(reading, port, "an integer");
    json_integer(port, &number);
    check_port(reading, number);
    return true;
}

static bool read_destination(const struct reading *reading, struct json_value root) {
    struct json_value destination, protocol;
    size_t index = 0;
    if (!require(reading, root, "destination", &destination))
        return false;
    if (json_type_of(destination) != JSON_OBJECT)
        return refuse_type(reading, destination, "a map");
    if (!require(reading, destination, "protocol", &protocol) ||
        !read_variant(reading, protocol, protocols, COUNT(protocols), &index))
        return false;
    reading->request->destination.is_http = index == 0;
    return index == 0 ? read_http(reading, destination) : read_tcp(reading, destination);
}

/* ---- all of it ---- */

static bool check_names(const struct reading *reading, struct json_value root) {
    struct json_value key, value;
    for (uint32_t cursor = 0; json_each(root, &cursor, &key, &value);) {
        size_t i = 0;
        while (i < COUNT(members) && !json_string_is(key, members[i]))
            i++;
        OWN_MEM char *name = i == COUNT(members) ? json_string(key) : NULL;
        if (i == COUNT(members))
            return refuse_unknown(reading, "field", name ? name : "", members, COUNT(members));
    }
    return true;
}

static bool read_root(const struct reading *reading, struct json_value root) {
    if (json_type_of(root) != JSON_OBJECT)
        return refuse_type(reading, root, "a map");
    return check_names(reading, root) && read_version(reading, root) && read_destination(reading, root) &&
           read_types(reading, root) && read_buffering(reading, root);
}

bool telemetry_request_parse(enum telemetry_api api, const char *body, size_t len,
                             struct telemetry_request *ret_request, struct telemetry_refusal *ret_refusal) {
    *ret_request = (struct telemetry_request){0};
    *ret_refusal = (struct telemetry_refusal){0};
    struct reading reading = {.api = api, .request = ret_request, .refusal = ret_refusal};
    struct json_doc doc;
    struct err err;
    if (!json_parse(&doc, body, len, MAX_TOKENS, &err))
        return MALFORMED(&reading, "%s", err.text);
    bool is_read = read_root(&reading, json_root(&doc));
    json_doc_done(&doc);
    if (is_read && ret_refusal->status == 0)
        return true;
    telemetry_request_done(ret_request);
    return false;
}

void telemetry_request_done(struct telemetry_request *request) {
    free(take_ptr(request->destination.authority));
    free(take_ptr(request->destination.target));
}

static bool is_same_text(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool telemetry_request_equals(const struct telemetry_request *a, const struct telemetry_request *b) {
    const struct telemetry_destination *to = &a->destination;
    const struct telemetry_destination *or_to = &b->destination;
    return a->schema == b->schema && a->sources == b->sources &&
           memcmp(&a->limits, &b->limits, sizeof a->limits) == 0 && to->is_http == or_to->is_http &&
           to->port == or_to->port && to->method == or_to->method &&
           is_same_text(to->authority, or_to->authority) && is_same_text(to->target, or_to->target);
}
