/* See event_v1.h. Where a name has several values, the last one stands for it in the maps that have room for
 * one. */
#include "api/gateway/event_v1.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define VALUE_BYTES (256u * 1024)

static void put_null(struct json_writer *writer, const char *key) {
    json_key(writer, key);
    json_put_null(writer);
}

/* ---- headers ---- */

/* Names that this format does not write in lower case. */
static const char *shown_name(const char *lower_name) {
    static const char *const rows[][2] = {
        {"content-length", "Content-Length"},
        {"host", "Host"},
        {"user-agent", "User-Agent"},
        {"x-amzn-trace-id", "X-Amzn-Trace-Id"},
        {"x-forwarded-for", "X-Forwarded-For"},
        {"x-forwarded-port", "X-Forwarded-Port"},
        {"x-forwarded-proto", "X-Forwarded-Proto"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i][0], lower_name) == 0)
            return rows[i][1];
    return lower_name;
}

/* The header that is being read, of which more values may come. */
struct reading {
    struct json_writer *writer;
    bool is_multi;
    struct buf name; /* empty before the first */
    struct buf last;
};

static void end_header(struct reading *reading) {
    if (reading->name.len == 0)
        return;
    if (reading->is_multi) {
        json_close_array(reading->writer);
        return;
    }
    json_key(reading->writer, shown_name(buf_text(&reading->name)));
    json_put_string_bytes(reading->writer, buf_text(&reading->last), reading->last.len);
}

static void read_header(void *arg, struct http_text lower_name, struct http_text value) {
    struct reading *reading = arg;
    if (!http_text_is(lower_name, buf_text(&reading->name))) {
        end_header(reading);
        buf_clear(&reading->name);
        buf_append(&reading->name, lower_name.data, lower_name.len);
        if (reading->is_multi) {
            json_key(reading->writer, shown_name(buf_text(&reading->name)));
            json_open_array(reading->writer);
        }
    }
    if (reading->is_multi)
        json_put_string_bytes(reading->writer, value.data, value.len);
    buf_clear(&reading->last);
    buf_append(&reading->last, value.data, value.len);
}

static void put_headers(struct json_writer *writer, const char *key, const struct web_request *request,
                        bool is_multi) {
    struct reading reading = {.writer = writer, .is_multi = is_multi};
    const struct web_headers_reader reader = {.each = read_header, .arg = &reading};
    buf_init(&reading.name, VALUE_BYTES);
    buf_init(&reading.last, VALUE_BYTES);
    json_key(writer, key);
    json_open_object(writer);
    web_headers_read(request, &reader);
    end_header(&reading);
    json_close_object(writer);
    buf_done(&reading.name);
    buf_done(&reading.last);
}

/* ---- the query ---- */

static void put_values(struct json_writer *writer, struct web_pairs values, bool is_multi) {
    web_key_write(writer, values.items[0].name);
    if (is_multi)
        json_open_array(writer);
    for (size_t i = is_multi ? 0 : values.count - 1; i < values.count; i++)
        json_put_string_bytes(writer, values.items[i].value.data, values.items[i].value.len);
    if (is_multi)
        json_close_array(writer);
}

static void put_query(struct json_writer *writer, const char *key, struct http_text query, bool is_multi) {
    if (query.len == 0) {
        put_null(writer, key);
        return;
    }
    void *block;
    struct web_pairs pairs = web_query_sort(query, &block);
    json_key(writer, key);
    json_open_object(writer);
    for (size_t i = 0, end; i < pairs.count; i = end) {
        for (end = i + 1; end < pairs.count && http_text_is_same(pairs.items[i].name, pairs.items[end].name);)
            end++;
        put_values(writer, (struct web_pairs){pairs.items + i, end - i}, is_multi);
    }
    json_close_object(writer);
    free(block);
}

/* ---- the context ---- */

static void put_identity(struct json_writer *writer, const struct web_request *request) {
    static const char *const unknown[] = {"cognitoAuthenticationProvider", "cognitoAuthenticationType",
                                          "cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId"};
    const struct web_iam *iam = request->iam;
    const struct http_text *agent = http_header_get(request->http, "user-agent");
    const struct {
        const char *name;
        const char *value;
    } known[] = {
        {"accessKey", iam ? iam->access_key : NULL}, {"accountId", iam ? iam->account : NULL},
        {"caller", iam ? iam->caller_id : NULL},     {"user", iam ? iam->caller_id : NULL},
        {"userArn", iam ? iam->user_arn : NULL},
    };
    json_key(writer, "identity");
    json_open_object(writer);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].value)
            json_put_member(writer, known[i].name, known[i].value);
        else
            put_null(writer, known[i].name);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        put_null(writer, unknown[i]);
    json_put_member(writer, "sourceIp", request->source_ip);
    web_text_write(writer, "userAgent", agent ? *agent : (struct http_text){"", 0});
    json_close_object(writer);
}

static void put_context(struct json_writer *writer, const struct event_v1 *event) {
    const struct web_request *request = event->request;
    char time_text[WEB_TIME_BYTES];
    web_time_format(request->time_us, time_text);
    json_key(writer, "requestContext");
    json_open_object(writer);
    json_put_member(writer, "accountId", request->account_id);
    json_put_member(writer, "apiId", request->api_id);
    if (event->authorizer) {
        json_key(writer, "authorizer");
        json_put_raw(writer, event->authorizer, strlen(event->authorizer));
    }
    web_text_write(writer, "domainName", request->domain_name);
    web_text_write(writer, "domainPrefix", request->domain_prefix);
    json_put_member(writer, "extendedRequestId", request->request_id);
    web_text_write(writer, "httpMethod", request->http->method);
    put_identity(writer, request);
    web_text_write(writer, "path", request->path);
    json_put_member(writer, "protocol", request->http->is_http_1_0 ? "HTTP/1.0" : "HTTP/1.1");
    json_put_member(writer, "requestId", request->request_id);
    json_put_member(writer, "requestTime", time_text);
    json_put_member_integer(writer, "requestTimeEpoch", request->time_us / 1000);
    put_null(writer, "resourceId");
    json_put_member(writer, "resourcePath", event->resource);
    json_put_member(writer, "stage", request->stage);
    json_close_object(writer);
}

/* ---- the events ---- */

static void put_pairs(struct json_writer *writer, const char *key, const struct web_pairs *pairs) {
    if (pairs)
        web_pairs_write(writer, key, pairs);
    else
        put_null(writer, key);
}

static void put_place(struct json_writer *writer, const struct event_v1 *event) {
    json_put_member(writer, "resource", event->resource);
    web_text_write(writer, "path", event->request->path);
    web_text_write(writer, "httpMethod", event->request->http->method);
}

void event_v1_write(struct json_writer *writer, const struct event_v1 *event) {
    const struct web_request *request = event->request;
    json_open_object(writer);
    json_put_member(writer, "version", "1.0");
    put_place(writer, event);
    put_headers(writer, "headers", request, false);
    put_headers(writer, "multiValueHeaders", request, true);
    put_query(writer, "queryStringParameters", request->http->query, false);
    put_query(writer, "multiValueQueryStringParameters", request->http->query, true);
    put_context(writer, event);
    put_pairs(writer, "pathParameters", request->path_parameters);
    put_pairs(writer, "stageVariables", request->stage_variables);
    web_body_write(writer, request, true);
    json_close_object(writer);
}

void event_v1_write_authorizer(struct json_writer *writer, const struct event_v1 *event) {
    const struct web_request *request = event->request;
    json_open_object(writer);
    json_put_member(writer, "version", "1.0");
    json_put_member(writer, "type", "REQUEST");
    json_put_member(writer, "methodArn", event->method_arn);
    json_put_member(writer, "identitySource", event->identity);
    json_put_member(writer, "authorizationToken", event->identity);
    put_place(writer, event);
    put_headers(writer, "headers", request, false);
    put_query(writer, "queryStringParameters", request->http->query, false);
    put_pairs(writer, "pathParameters", request->path_parameters);
    put_pairs(writer, "stageVariables", request->stage_variables);
    put_context(writer, event);
    json_close_object(writer);
}
