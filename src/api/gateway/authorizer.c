/* See authorizer.h. */
#include "api/gateway/authorizer.h"

#include <stdlib.h>
#include <string.h>

#include "api/gateway/event_v1.h"
#include "api/lambda/body.h"
#include "base/limits.h"
#include "base/mem.h"

#define ANSWER_TOKENS 20000u
#define JOINED_BYTES (1024u * 1024)

/* What an evaluation of an answer's policy may cost; see api/access.c. */
#define MAX_STEPS 500000

/* ---- identity sources ---- */

static void append(struct buf *value, struct http_text text) {
    buf_append(value, text.data, text.len);
}

/* Several headers of a name are one, joined. */
static void read_header(const struct http_request *http, const char *name, struct buf *value) {
    for (size_t i = 0; i < http->header_count; i++) {
        if (!http_text_is_nocase(http->headers[i].name, name))
            continue;
        if (value->len)
            buf_append_byte(value, ',');
        append(value, http->headers[i].value);
    }
}

static void read_query(struct http_text query, const char *name, struct buf *value) {
    void *block;
    struct web_pairs pairs = web_query_sort(query, &block);
    for (size_t i = 0; i < pairs.count; i++) {
        if (!http_text_is(pairs.items[i].name, name))
            continue;
        if (value->len)
            buf_append_byte(value, ',');
        append(value, pairs.items[i].value);
    }
    free(block);
}

static void read_variable(const struct web_pairs *variables, const char *name, struct buf *value) {
    for (size_t i = 0; variables && i < variables->count; i++)
        if (http_text_is(variables->items[i].name, name))
            append(value, variables->items[i].value);
}

static void read_context(const struct web_request *request, const char *name, struct buf *value) {
    const struct http_text *agent = http_header_get(request->http, "user-agent");
    const struct {
        const char *name;
        struct http_text value;
    } rows[] = {
        {"accountId", {request->account_id, strlen(request->account_id)}},
        {"apiId", {request->api_id, strlen(request->api_id)}},
        {"domainName", request->domain_name},
        {"domainPrefix", request->domain_prefix},
        {"httpMethod", request->http->method},
        {"identity.sourceIp", {request->source_ip, strlen(request->source_ip)}},
        {"identity.userAgent", agent ? *agent : (struct http_text){"", 0}},
        {"path", request->path},
        {"protocol", {"HTTP/1.1", 8}},
        {"requestId", {request->request_id, strlen(request->request_id)}},
        {"routeKey", {request->route_key, strlen(request->route_key)}},
        {"stage", {request->stage, strlen(request->stage)}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].name, name) == 0)
            append(value, rows[i].value);
}

static void read_source(const struct gateway_source *source, const struct web_request *request,
                        struct buf *value) {
    switch (source->place) {
    case GATEWAY_HEADER: read_header(request->http, source->name, value); break;
    case GATEWAY_QUERY: read_query(request->http->query, source->name, value); break;
    case GATEWAY_CONTEXT: read_context(request, source->name, value); break;
    case GATEWAY_VARIABLE: read_variable(request->stage_variables, source->name, value); break;
    }
}

bool identity_read(const struct gateway_authorizer *authorizer, const struct web_request *request,
                   struct identity_values *ret_values) {
    bool is_whole = true;
    *ret_values = (struct identity_values){.count = authorizer->source_count};
    ret_values->items = mem_alloc_array(authorizer->source_count + 1, sizeof *ret_values->items);
    buf_init(&ret_values->key, JOINED_BYTES);
    for (size_t i = 0; i < authorizer->source_count; i++) {
        struct buf *value = &ret_values->items[i];
        buf_init(value, JOINED_BYTES);
        read_source(&authorizer->sources[i], request, value);
        is_whole = is_whole && value->len > 0 && buf_ok(value);
        buf_append_format(&ret_values->key, "%zu:", value->len);
        buf_append(&ret_values->key, buf_text(value), value->len);
    }
    return is_whole && buf_ok(&ret_values->key);
}

void identity_values_done(struct identity_values *values) {
    for (size_t i = 0; values->items && i < values->count; i++)
        buf_done(&values->items[i]);
    free(values->items);
    buf_done(&values->key);
    *values = (struct identity_values){0};
}

/* ---- the event ---- */

static void write_format_1(struct json_writer *writer, const struct authorizer_question *question) {
    OWN(buf) struct buf joined;
    buf_init(&joined, JOINED_BYTES);
    for (size_t i = 0; i < question->identity->count; i++) {
        if (i > 0)
            buf_append_byte(&joined, ',');
        buf_append(&joined, buf_text(&question->identity->items[i]), question->identity->items[i].len);
    }
    const struct event_v1 event = {
        .request = question->request,
        .resource = question->resource,
        .method_arn = question->route_arn,
        .identity = buf_text(&joined),
    };
    event_v1_write_authorizer(writer, &event);
}

static void write_format_2(struct json_writer *writer, const struct authorizer_question *question) {
    json_open_object(writer);
    json_put_member(writer, "version", "2.0");
    json_put_member(writer, "type", "REQUEST");
    json_put_member(writer, "routeArn", question->route_arn);
    json_key(writer, "identitySource");
    json_open_array(writer);
    for (size_t i = 0; i < question->identity->count; i++)
        json_put_string_bytes(writer, buf_text(&question->identity->items[i]),
                              question->identity->items[i].len);
    json_close_array(writer);
    web_request_write(writer, question->request);
    json_close_object(writer);
}

void authorizer_event_write(struct json_writer *writer, const struct authorizer_question *question) {
    if (question->authorizer->is_format_1)
        write_format_1(writer, question);
    else
        write_format_2(writer, question);
}

/* ---- the answer ---- */

static char *raw_text(struct json_value value) {
    size_t len;
    const char *raw = json_raw(value, &len);
    return mem_copy_text(raw, len);
}

static bool read_context_member(struct json_value root, struct authorization *authorization,
                                struct err *err) {
    struct json_value context = body_member(root, "context");
    if (!json_is_present(context))
        return true;
    if (json_type_of(context) != JSON_OBJECT)
        return err_set(err, ERR_SYNTAX, "the context of the answer is no object");
    authorization->context = raw_text(context);
    return true;
}

static bool read_simple(struct json_value root, struct authorization *authorization, struct err *err) {
    struct json_value is_authorized = body_member(root, "isAuthorized");
    bool is_known = json_is_present(is_authorized) &&
                    (json_type_of(is_authorized) == JSON_TRUE || json_type_of(is_authorized) == JSON_FALSE);
    if (!is_known)
        return err_set(err, ERR_SYNTAX, "the answer has no isAuthorized that is true or false");
    authorization->is_allowed = json_type_of(is_authorized) == JSON_TRUE;
    return true;
}

static bool read_policy(struct json_value root, struct authorization *authorization, struct err *err) {
    struct json_value document = body_member(root, "policyDocument");
    authorization->principal_id = body_text(root, "principalId");
    if (!authorization->principal_id || !json_is_present(document))
        return err_set(err, ERR_SYNTAX, "the answer has no principalId or no policyDocument");
    size_t len;
    const char *raw = json_raw(document, &len);
    return policy_parse(raw, len, POLICY_IDENTITY, &authorization->policy, err);
}

struct authorization *authorizer_answer_parse(const struct gateway_authorizer *authorizer, const void *answer,
                                              size_t len, struct err *err) {
    struct json_doc doc;
    if (!json_parse(&doc, answer, len, ANSWER_TOKENS, err))
        return NULL;
    struct authorization *authorization = mem_alloc(sizeof *authorization);
    authorization->references = 1;
    authorization->size_bytes = len;
    struct json_value root = json_root(&doc);
    bool ok = json_type_of(root) == JSON_OBJECT || err_set(err, ERR_SYNTAX, "the answer is no object");
    ok = ok && (authorizer->is_simple ? read_simple : read_policy)(root, authorization, err) &&
         read_context_member(root, authorization, err);
    json_doc_done(&doc);
    if (!ok)
        authorization_unref(authorization);
    return ok ? authorization : NULL;
}

bool authorization_allows(const struct authorization *authorization, const char *route_arn,
                          const char *source_ip) {
    static const struct policy_principal anybody = {.type = POLICY_PRINCIPAL_ANONYMOUS, .account = ""};
    const struct policy_fact facts[] = {{"aws:SourceIp", source_ip}};
    uint64_t steps_left = MAX_STEPS;
    if (!authorization->policy)
        return authorization->is_allowed;
    const struct policy_request question = {
        .action = "execute-api:Invoke",
        .resource = route_arn,
        .principal = &anybody,
        .facts = facts,
        .fact_count = source_ip ? 1 : 0,
        .steps_left = &steps_left,
    };
    return policy_evaluate(authorization->policy, &question) == POLICY_ALLOW;
}

/* ---- for the integration ---- */

/* Without principalId where the answer has one of its own. */
static void write_context(struct json_writer *writer, const struct authorization *authorization) {
    const char *object = authorization->context;
    struct json_doc doc;
    struct json_value key, value;
    if (!object || !json_parse(&doc, object, strlen(object), ANSWER_TOKENS, NULL))
        return;
    for (uint32_t cursor = 0; json_each(json_root(&doc), &cursor, &key, &value);) {
        OWN_MEM char *name = json_string(key);
        bool is_own = authorization->principal_id && name && strcmp(name, "principalId") == 0;
        if (name && !is_own)
            json_put_member_value(writer, name, value);
    }
    json_doc_done(&doc);
}

void authorization_write(struct json_writer *writer, const struct authorization *authorization,
                         bool is_format_1) {
    json_open_object(writer);
    if (is_format_1) {
        write_context(writer, authorization);
        json_put_member(writer, "principalId", authorization->principal_id);
    } else {
        json_key(writer, "lambda");
        if (authorization->context)
            json_put_raw(writer, authorization->context, strlen(authorization->context));
        else
            json_put_null(writer);
    }
    json_close_object(writer);
}
