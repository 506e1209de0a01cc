/* Any bytes as a request to a function's URL: its query, cookies, headers and body. What must hold: the event
 * is JSON, every name in it is there once, and a body that is not in base64 is what was sent. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "api/web/event.h"
#include "api/web/host.h"
#include "base/mem.h"
#include "http/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_MEMBERS 64 /* comparing each with each */

static void check_names(struct json_value object) {
    struct json_value key, value, other;
    if (!json_is_present(object) || json_size(object) > MAX_MEMBERS)
        return;
    for (uint32_t cursor = 0; json_each(object, &cursor, &key, &value);) {
        size_t len, other_len;
        const char *name = json_raw(key, &len);
        for (uint32_t next = cursor; json_each(object, &next, &other, &value);) {
            const char *other_name = json_raw(other, &other_len);
            assert(len != other_len || memcmp(name, other_name, len) != 0);
        }
    }
}

static void check_event(const struct buf *event, const struct http_request *http) {
    struct json_doc doc;
    struct err err;
    assert(json_parse(&doc, event->data, event->len, UINT32_MAX, &err));
    struct json_value root = json_root(&doc);
    struct json_value is_base64 = json_member(root, "isBase64Encoded");
    check_names(json_member(root, "headers"));
    assert(json_is_present(json_member(root, "body")) == (http->body.len > 0));
    if (http->body.len && json_type_of(is_base64) == JSON_FALSE) {
        OWN(buf) struct buf body;
        buf_init(&body, http->body.len);
        assert(json_append_string(json_member(root, "body"), &body));
        assert(body.len == http->body.len && memcmp(body.data, http->body.data, body.len) == 0);
    }
    json_doc_done(&doc);
}

static void write(const struct http_request *http) {
    const struct web_pair pair = {http->query, http->path};
    const struct web_pairs pairs = {&pair, 1};
    struct web_host host;
    web_host_split(http, "us-east-1", "localhost", &host);
    const struct web_request request = {
        .http = http,
        .body = http->body,
        .source_ip = "::1",
        .domain_name = host.name,
        .domain_prefix = host.id,
        .scheme = "http",
        .port = 80,
        .request_id = "id",
        .account_id = "anonymous",
        .api_id = "id",
        .route_key = "$default",
        .stage = "$default",
        .path = http->path,
        .path_parameters = &pairs,
        .trace_id = "Root=1",
        .has_cookie_header = http->path.len % 2,
    };
    OWN(buf) struct buf event;
    struct json_writer writer;
    buf_init(&event, WEB_EVENT_BYTES);
    json_writer_init(&writer, &event);
    web_event_write(&writer, &request);
    assert(buf_ok(&event));
    check_event(&event, http);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct parse parse;
    size_t used;
    char *text = mem_copy(data, size);
    if (size > LIMIT_HTTP_HEADER_BYTES) {
        free(text);
        return 0;
    }
    parse_reset(&parse);
    if (parse_head(&parse, text, size, &used) == PARSE_COMPLETE) {
        parse.request.body = (struct http_text){text + used, size - used};
        write(&parse.request);
    }
    parse_done(&parse);
    free(text);
    return 0;
}
