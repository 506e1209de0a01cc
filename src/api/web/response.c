/* See response.h. A document may be 6 MB with millions of values, so it is checked once and then walked by
 * its outermost members: only headers and cookies, which are short, become tokens. */
#include "api/web/response.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/digest.h"
#include "base/limits.h"
#include "base/mem.h"
#include "http/request.h"

/* Names and values in the headers of one response. */
#define MAX_TOKENS 4096u

#define DEFAULT_TYPE "Content-Type: application/json\r\n"

struct parsing {
    struct web_response *response;
    const struct web_response_rules *rules;
    bool has_type; /* the function named a content type */
    struct err *err;
};

/* The outermost members that mean something, as they stand in the text; empty when they are not there. */
struct members {
    struct http_text status, headers, multi_headers, cookies, body, is_base64;
};

static bool malformed(struct err *err, const char *text) {
    return err_set(err, ERR_PARAMETER, "%s", text);
}

/* ---- walking a checked text ---- */

static bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static struct http_text trim(struct http_text text) {
    while (text.len && is_space(*text.data))
        text.data++, text.len--;
    while (text.len && is_space(text.data[text.len - 1]))
        text.len--;
    return text;
}

/* Behind the string that begins at `at`. */
static size_t skip_string(struct http_text text, size_t at) {
    for (at++; text.data[at] != '"'; at++)
        at += text.data[at] == '\\';
    return at + 1;
}

/* Behind the value, up to the comma or bracket that ends it. */
static size_t skip_value(struct http_text text, size_t at) {
    size_t depth = 0;
    while (at < text.len) {
        char c = text.data[at];
        if (c == '"') {
            at = skip_string(text, at);
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}'))
            break;
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        at++;
    }
    return at;
}

static void keep_member(struct members *members, struct http_text name, struct http_text value) {
    const struct {
        const char *name;
        struct http_text *place;
    } rows[] = {
        {"statusCode", &members->status},
        {"headers", &members->headers},
        {"multiValueHeaders", &members->multi_headers},
        {"cookies", &members->cookies},
        {"body", &members->body},
        {"isBase64Encoded", &members->is_base64},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (http_text_is(name, rows[i].name))
            *rows[i].place = http_text_is(value, "null") ? (struct http_text){0} : value;
}

/* Of a checked object without space around it. */
static void find_members(struct http_text object, struct members *ret_members) {
    *ret_members = (struct members){0};
    for (size_t at = 1; at < object.len;) {
        if (object.data[at] != '"') {
            at++;
            continue;
        }
        size_t end = skip_string(object, at);
        struct http_text name = {object.data + at + 1, end - at - 2};
        size_t start = end;
        while (object.data[start] != ':')
            start++;
        at = skip_value(object, start + 1);
        keep_member(ret_members, name, trim((struct http_text){object.data + start + 1, at - start - 1}));
    }
}

/* ---- header lines ---- */

static bool is_token(const char *name) {
    static const char others[] = "!#$%&'*+-.^_`|~";
    if (name[0] == '\0')
        return false;
    for (; *name; name++) {
        bool is_letter = (*name | 0x20) >= 'a' && (*name | 0x20) <= 'z';
        if (!is_letter && !(*name >= '0' && *name <= '9') && !strchr(others, *name))
            return false;
    }
    return true;
}

static bool is_value(const char *value) {
    for (; *value; value++)
        if (((unsigned char)*value < ' ' && *value != '\t') || *value == 0x7f)
            return false;
    return true;
}

/* The front says them, or the connection does. */
static bool is_ours(const char *name) {
    static const char *const names[] = {"connection",       "content-length",   "date",
                                        "keep-alive",       "proxy-connection", "te",
                                        "trailer",          "upgrade",          "transfer-encoding",
                                        "x-amzn-requestid", "x-amzn-trace-id"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

bool web_response_add_header(struct buf *headers, const struct web_response_rules *rules, const char *name,
                             const char *value) {
    static const char cors[] = "access-control-";
    if (!is_token(name) || !is_value(value))
        return false;
    if (is_ours(name) || (rules->omits_cors && strncasecmp(name, cors, sizeof cors - 1) == 0))
        return true;
    buf_append_text(headers, name);
    buf_append_text(headers, ": ");
    buf_append_text(headers, value);
    return buf_append_text(headers, "\r\n");
}

static bool add_line(struct parsing *parsing, const char *name, const char *value) {
    if (strcasecmp(name, "content-type") == 0) {
        if (parsing->has_type)
            return true;
        parsing->has_type = true;
    }
    return web_response_add_header(&parsing->response->headers, parsing->rules, name, value) ||
           malformed(parsing->err, "a header of the response is no valid one, or they are too long");
}

/* A string, or another scalar as it stands; nothing for null. */
static bool add_value(struct parsing *parsing, const char *name, struct json_value value) {
    enum json_type type = json_type_of(value);
    if (type == JSON_NULL)
        return true;
    if (type == JSON_ARRAY || type == JSON_OBJECT)
        return malformed(parsing->err, "a header of the response is a list or an object");
    size_t len = 0;
    const char *raw = type == JSON_STRING ? NULL : json_raw(value, &len);
    OWN_MEM char *text = raw ? mem_copy_text(raw, len) : json_string(value);
    return text ? add_line(parsing, name, text)
                : malformed(parsing->err, "a header of the response has a NUL in it");
}

static bool add_values(struct parsing *parsing, const char *name, struct json_value list) {
    if (json_type_of(list) != JSON_ARRAY)
        return malformed(parsing->err, "multiValueHeaders of the response has a member that is no list");
    struct json_value value;
    for (uint32_t cursor = 0; json_each(list, &cursor, NULL, &value);)
        if (!add_value(parsing, name, value))
            return false;
    return true;
}

static bool is_in(struct json_value object, const char *name) {
    struct json_value key, value;
    for (uint32_t cursor = 0; json_is_present(object) && json_each(object, &cursor, &key, &value);) {
        OWN_MEM char *text = json_string(key);
        if (text && strcasecmp(text, name) == 0)
            return true;
    }
    return false;
}

/* `instead` has the names that are said elsewhere; may be absent. */
static bool add_all(struct parsing *parsing, struct json_value headers, struct json_value instead,
                    bool (*add)(struct parsing *parsing, const char *name, struct json_value value)) {
    if (json_type_of(headers) != JSON_OBJECT)
        return malformed(parsing->err, "the headers of the response are no object");
    struct json_value key, value;
    for (uint32_t cursor = 0; json_each(headers, &cursor, &key, &value);) {
        OWN_MEM char *name = json_string(key);
        if (!name)
            return malformed(parsing->err, "the name of a header of the response has a NUL in it");
        if (!is_in(instead, name) && !add(parsing, name, value))
            return false;
    }
    return true;
}

static bool add_cookies(struct parsing *parsing, struct json_value cookies) {
    if (json_type_of(cookies) != JSON_ARRAY)
        return malformed(parsing->err, "the cookies of the response are no list");
    struct json_value value;
    for (uint32_t cursor = 0; json_each(cookies, &cursor, NULL, &value);)
        if (!add_value(parsing, "Set-Cookie", value))
            return false;
    return true;
}

/* An empty text is an absent value. */
static bool parse_part(struct http_text text, struct json_doc *doc, struct json_value *ret_value,
                       struct err *err) {
    *doc = (struct json_doc){0};
    *ret_value = (struct json_value){0};
    if (text.len == 0)
        return true;
    if (!json_parse(doc, text.data, text.len, MAX_TOKENS, err))
        return false;
    *ret_value = json_root(doc);
    return true;
}

static bool add_lines(struct parsing *parsing, const struct members *members) {
    struct json_doc single_doc = {0}, multi_doc = {0}, cookies_doc = {0};
    struct json_value single, multi, cookies;
    bool is_first = parsing->rules->format == WEB_FORMAT_1;
    const struct http_text none = {0};
    bool ok = parse_part(members->headers, &single_doc, &single, parsing->err) &&
              parse_part(is_first ? members->multi_headers : none, &multi_doc, &multi, parsing->err) &&
              parse_part(is_first ? none : members->cookies, &cookies_doc, &cookies, parsing->err) &&
              (!json_is_present(multi) || add_all(parsing, multi, (struct json_value){0}, add_values)) &&
              (!json_is_present(single) || add_all(parsing, single, multi, add_value)) &&
              (!json_is_present(cookies) || add_cookies(parsing, cookies));
    json_doc_done(&single_doc);
    json_doc_done(&multi_doc);
    json_doc_done(&cookies_doc);
    return ok;
}

/* ---- status and body ---- */

/* A number, or three digits in a string. */
static bool read_status(struct http_text text, int *ret_status, struct err *err) {
    if (text.len == 5 && text.data[0] == '"')
        text = (struct http_text){text.data + 1, 3};
    struct json_doc doc;
    int64_t status = 0;
    bool ok = json_parse(&doc, text.data, text.len, 1, NULL);
    if (ok) {
        ok = json_integer(json_root(&doc), &status) && status >= 200 && status <= 599;
        json_doc_done(&doc);
    }
    *ret_status = (int)status;
    return ok || malformed(err, "statusCode of the response is no number from 200 to 599");
}

/* Where it stands when nothing is escaped in it. */
static bool read_string(struct http_text text, struct buf *space, struct http_text *ret_bytes,
                        struct err *err) {
    *ret_bytes = (struct http_text){text.data + 1, text.len - 2};
    if (!memchr(text.data, '\\', text.len))
        return true;
    struct json_doc doc;
    if (!json_parse(&doc, text.data, text.len, 1, err))
        return false;
    bool ok = json_append_string(json_root(&doc), space);
    json_doc_done(&doc);
    *ret_bytes = (struct http_text){buf_text(space), space->len};
    return ok || malformed(err, "the body of the response is too long");
}

static void set_body(struct web_response *response, struct http_text bytes) {
    response->body = bytes.data;
    response->body_len = bytes.len;
}

static bool decode_body(struct web_response *response, struct http_text text, struct err *err) {
    size_t len;
    char *bytes = mem_alloc(digest_base64_decoded_bytes(text.len) + 1);
    bool ok = digest_base64_decode(text.data, text.len, bytes, &len);
    if (ok) {
        buf_clear(&response->decoded);
        ok = buf_append(&response->decoded, bytes, len);
        set_body(response, (struct http_text){buf_text(&response->decoded), len});
    }
    free(bytes);
    return ok || malformed(err, "the body of the response is not the base64 that it is said to be");
}

/* A value without the space between its tokens, as the service writes it. */
static void compact(struct web_response *response, struct http_text value) {
    struct buf *out = &response->decoded;
    for (size_t at = 0; at < value.len;) {
        size_t start = at;
        if (value.data[at] == '"')
            at = skip_string(value, at);
        else
            while (at < value.len && value.data[at] != '"' && !is_space(value.data[at]))
                at++;
        buf_append(out, value.data + start, at - start);
        while (at < value.len && is_space(value.data[at]))
            at++;
    }
    set_body(response, (struct http_text){buf_text(out), out->len});
}

static bool read_body(struct web_response *response, const struct members *members, struct err *err) {
    struct http_text bytes;
    if (members->body.len == 0)
        return true;
    if (members->body.data[0] != '"') {
        compact(response, members->body);
        return true;
    }
    if (!read_string(members->body, &response->decoded, &bytes, err))
        return false;
    set_body(response, bytes);
    return !http_text_is(members->is_base64, "true") || decode_body(response, bytes, err);
}

/* ---- whole documents ---- */

static void begin(struct web_response *response) {
    *response = (struct web_response){.status = 200, .body = ""};
    buf_init(&response->headers, WEB_RESPONSE_HEAD_BYTES);
    buf_init(&response->decoded, LIMIT_RESPONSE_BYTES);
}

static bool read_head(struct parsing *parsing, const struct members *members) {
    struct web_response *response = parsing->response;
    if (members->status.len && !read_status(members->status, &response->status, parsing->err))
        return false;
    if (!add_lines(parsing, members))
        return false;
    if (!parsing->has_type && parsing->rules->type)
        buf_append_format(&response->headers, "Content-Type: %s\r\n", parsing->rules->type);
    else if (!parsing->has_type)
        buf_append_text(&response->headers, DEFAULT_TYPE);
    return buf_ok(&response->headers) || malformed(parsing->err, "the headers of the response are too long");
}

/* Not a response by its form: the value is the body. */
static bool read_value(struct web_response *response, struct http_text value, struct err *err) {
    struct http_text bytes;
    buf_append_text(&response->headers, DEFAULT_TYPE);
    if (value.data[0] != '"') {
        compact(response, value);
        return true;
    }
    if (!read_string(value, &response->decoded, &bytes, err))
        return false;
    set_body(response, bytes);
    return true;
}

bool web_response_parse(struct web_response *ret_response, const struct web_response_rules *rules,
                        const void *document, size_t len, struct err *err) {
    struct parsing parsing = {.response = ret_response, .rules = rules, .err = err};
    struct http_text value = trim((struct http_text){document, len});
    struct members members = {0};
    begin(ret_response);
    if (value.len == 0 || !json_check(value.data, value.len, NULL))
        return err_set(err, ERR_SYNTAX, "the response is no JSON");
    if (value.data[0] == '{')
        find_members(value, &members);
    if (members.status.len)
        return read_head(&parsing, &members) && read_body(ret_response, &members, err);
    if (rules->format == WEB_FORMAT_1)
        return malformed(err, "the response has no statusCode");
    return read_value(ret_response, value, err);
}

bool web_response_parse_metadata(struct web_response *ret_response, const struct web_response_rules *rules,
                                 const void *metadata, size_t len, struct err *err) {
    struct parsing parsing = {.response = ret_response, .rules = rules, .err = err};
    struct http_text value = trim((struct http_text){metadata, len});
    struct members members;
    begin(ret_response);
    if (value.len == 0 || value.data[0] != '{' || !json_check(value.data, value.len, NULL))
        return malformed(err, "the metadata of the response is no JSON object");
    find_members(value, &members);
    return read_head(&parsing, &members);
}

void web_response_done(struct web_response *response) {
    buf_done(&response->headers);
    buf_done(&response->decoded);
}
