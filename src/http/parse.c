/* From bytes to one request, by llhttp. Its callbacks only note where texts lie; the rules are applied once
 * the header section is complete, in check_head(). */
#include "http/parse.h"

#include <string.h>

#include "http/trailers.h"

/* Framing a chunked body may cost beyond its content and its trailer fields: extensions are read and dropped,
 * so without a bound a client could send them for ever. Even one-byte chunks stay below 8 bytes each. */
#define CHUNK_FRAMING_BYTES (64u * 1024)
#define CHUNK_FRAMING_FACTOR 8u

static enum parse_result refuse(struct parse *parse, int status, const char *reason) {
    parse->refusal_status = status;
    parse->refusal_reason = reason;
    return PARSE_REFUSED;
}

static int refuse_in_callback(struct parse *parse, int status, const char *reason) {
    refuse(parse, status, reason);
    return HPE_USER;
}

/* A text may come in several spans, which follow each other in memory. A folded line leaves a gap, which the
 * text then covers; it is refused later. */
static void extend(struct http_text *text, const char *at, size_t len) {
    if (!text->data)
        text->data = at;
    text->len = (size_t)(at + len - text->data);
}

static int on_url(llhttp_t *llhttp, const char *at, size_t len) {
    struct parse *parse = llhttp->data;
    extend(&parse->target, at, len);
    if (parse->target.len > LIMIT_HTTP_TARGET_BYTES)
        return refuse_in_callback(parse, 414, "the request target is too long");
    return 0;
}

static int refuse_trailers(struct parse *parse) {
    return refuse_in_callback(parse, 431, "the trailer section is too long");
}

static int on_trailer_name(struct parse *parse, const char *at, size_t len) {
    if (!parse->trailers)
        parse->trailers = trailers_new();
    if (!parse->in_header && !trailers_begin_field(parse->trailers))
        return refuse_trailers(parse);
    parse->in_header = true;
    return trailers_add_name(parse->trailers, at, len) ? 0 : refuse_trailers(parse);
}

static int on_header_field(llhttp_t *llhttp, const char *at, size_t len) {
    struct parse *parse = llhttp->data;
    struct http_request *request = &parse->request;
    if (parse->in_body)
        return on_trailer_name(parse, at, len);
    if (!parse->in_header) {
        if (request->header_count == LIMIT_HTTP_HEADERS)
            return refuse_in_callback(parse, 431, "too many header fields");
        request->headers[request->header_count++] = (struct http_header){.name = {.data = at}};
        parse->in_header = true;
    }
    extend(&request->headers[request->header_count - 1].name, at, len);
    return 0;
}

static int on_header_value(llhttp_t *llhttp, const char *at, size_t len) {
    struct parse *parse = llhttp->data;
    if (!parse->in_header)
        return refuse_in_callback(parse, 400, "header field without a name");
    if (parse->in_body)
        return trailers_add_value(parse->trailers, at, len) ? 0 : refuse_trailers(parse);
    extend(&parse->request.headers[parse->request.header_count - 1].value, at, len);
    return 0;
}

static int on_header_value_complete(llhttp_t *llhttp) {
    struct parse *parse = llhttp->data;
    bool is_nameless = parse->in_body && parse->in_header && !trailers_end_field(parse->trailers);
    parse->in_header = false;
    return is_nameless ? refuse_in_callback(parse, 400, "trailer field without a name") : 0;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t len) {
    struct parse *parse = llhttp->data;
    if (len == 0) /* after a rest at the end of a chunk */
        return 0;
    if (len > parse->sink->limit_bytes - parse->content_bytes)
        return refuse_in_callback(parse, 413, "the body is too large");
    parse->content_bytes += len;
    parse->is_resting = !parse->sink->take(parse->sink->arg, at, len);
    return parse->is_resting ? HPE_PAUSED : 0;
}

static int pause_here(llhttp_t *llhttp) {
    (void)llhttp;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = pause_here,
    .on_body = on_body,
    .on_message_complete = pause_here,
};

void parse_reset(struct parse *parse) {
    llhttp_init(&parse->llhttp, HTTP_REQUEST, &settings);
    parse->llhttp.data = parse;
    parse->request.header_count = 0;
    parse->request.body = (struct http_text){0};
    parse->request.body_sha256 = NULL;
    parse->target = (struct http_text){0};
    parse->content_length = 0;
    parse->is_chunked = false;
    parse->expects_continue = false;
    parse->refusal_status = 0;
    parse->refusal_reason = NULL;
    parse->in_header = false;
    parse->in_body = false;
    parse->last_byte = '\0';
    parse->content_bytes = 0;
    parse->chunked_bytes = 0;
    parse->trailers = NULL;
}

void parse_done(struct parse *parse) {
    trailers_free(parse->trailers);
    parse->trailers = NULL;
}

/* RFC 9110, 5.6.2. */
static bool is_token_char(char c) {
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
        return true;
    return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

/* A method nobody knows is answered 501 (RFC 9110, 9.1); bytes that are no method at all, like a TLS
 * greeting, 400. */
static enum parse_result refuse_method(struct parse *parse, const char *data, size_t len) {
    size_t i = 0;
    while (i < len && (data[i] == '\r' || data[i] == '\n'))
        i++;
    while (i < len && is_token_char(data[i]))
        i++;
    if (i == len || data[i] == ' ')
        return refuse(parse, 501, "unknown method");
    return refuse(parse, 400, "this is not an HTTP request");
}

static enum parse_result refuse_by_llhttp(struct parse *parse, llhttp_errno_t error) {
    if (parse->refusal_status)
        return PARSE_REFUSED;
    if (error == HPE_INVALID_VERSION || error == HPE_PAUSED_H2_UPGRADE)
        return refuse(parse, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    const char *reason = llhttp_get_error_reason(&parse->llhttp);
    return refuse(parse, 400, reason && *reason ? reason : "malformed request");
}

/* Every line must end in CRLF and none may begin with white space (line folding; RFC 9112, 2.2 and 5.2). `at`
 * is in the request line, `end` behind the empty line. */
static bool has_clean_lines(const char *at, const char *end) {
    const char *newline;
    while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
        if (newline[-1] != '\r')
            return false;
        at = newline + 1;
        if (at < end && (*at == ' ' || *at == '\t'))
            return false;
    }
    return true;
}

/* Visible ASCII without '#': what a client may send undisguised (RFC 9112, 3.2). */
static bool is_clean_target(struct http_text target) {
    for (size_t i = 0; i < target.len; i++)
        if (target.data[i] <= ' ' || target.data[i] >= 0x7f || target.data[i] == '#')
            return false;
    return target.len > 0;
}

static void cut_white_space(struct http_text *text) {
    while (text->len > 0 && (text->data[0] == ' ' || text->data[0] == '\t')) {
        text->data++;
        text->len--;
    }
    while (text->len > 0 && (text->data[text->len - 1] == ' ' || text->data[text->len - 1] == '\t'))
        text->len--;
}

static bool starts_with_nocase(struct http_text text, const char *prefix) {
    size_t len = strlen(prefix);
    return text.len >= len && http_text_is_nocase((struct http_text){text.data, len}, prefix);
}

/* The absolute form "http://host/path" is for proxies, but servers must take it (RFC 9112, 3.2.2). Its
 * authority must agree with Host, so that nobody who looks at one of them is fooled by the other. */
static bool cut_authority(struct http_text *target, const struct http_text *host) {
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2; i++) {
        if (!starts_with_nocase(*target, schemes[i]))
            continue;
        struct http_text rest = {target->data + strlen(schemes[i]), target->len - strlen(schemes[i])};
        size_t len = 0;
        while (len < rest.len && rest.data[len] != '/' && rest.data[len] != '?')
            len++;
        if (!host || host->len != len || memcmp(host->data, rest.data, len) != 0)
            return false;
        *target = (struct http_text){rest.data + len, rest.len - len};
        return true;
    }
    return false;
}

static bool split_target(struct parse *parse, const struct http_text *host) {
    struct http_request *request = &parse->request;
    struct http_text target = parse->target;
    if (!is_clean_target(target) || (target.data[0] != '/' && !cut_authority(&target, host)))
        return false;
    const char *mark = target.len > 0 ? memchr(target.data, '?', target.len) : NULL;
    size_t path_len = mark ? (size_t)(mark - target.data) : target.len;
    request->path = path_len > 0 ? (struct http_text){target.data, path_len} : (struct http_text){"/", 1};
    size_t query_start = mark ? path_len + 1 : target.len;
    request->query = (struct http_text){target.data + query_start, target.len - query_start};
    return true;
}

/* The headers that steer the message itself. */
struct steering {
    const struct http_text *host;
    const struct http_text *coding;
    size_t hosts;
    size_t codings;
    size_t lengths;
};

/* Cuts the values and notes steering headers. A name that is empty, holds white space or is not followed by
 * its colon is refused: it is the classic way to smuggle a header past somebody (RFC 9112, 5.1). */
static bool read_headers(struct parse *parse, struct steering *steering) {
    for (size_t i = 0; i < parse->request.header_count; i++) {
        struct http_header *header = &parse->request.headers[i];
        struct http_text name = header->name;
        if (name.len == 0 || name.data[name.len] != ':' || memchr(name.data, ' ', name.len))
            return false;
        cut_white_space(&header->value);
        if (http_text_is_nocase(name, "host")) {
            steering->host = &header->value;
            steering->hosts++;
        } else if (http_text_is_nocase(name, "transfer-encoding")) {
            steering->coding = &header->value;
            steering->codings++;
        } else if (http_text_is_nocase(name, "content-length")) {
            steering->lengths++;
        } else if (http_text_is_nocase(name, "expect")) {
            parse->expects_continue = http_text_is_nocase(header->value, "100-continue");
        }
    }
    return true;
}

static enum parse_result check_framing(struct parse *parse, const struct steering *steering) {
    if (steering->lengths > 1 || (steering->lengths > 0 && steering->codings > 0))
        return refuse(parse, 400, "more than one of Content-Length and Transfer-Encoding");
    if (steering->codings > 1 || (steering->codings > 0 && parse->is_http_1_0))
        return refuse(parse, 400, "misplaced Transfer-Encoding");
    if (steering->codings > 0 && !http_text_is_nocase(*steering->coding, "chunked"))
        return refuse(parse, 501, "only the transfer coding \"chunked\" is known here");
    parse->is_chunked = steering->codings > 0;
    parse->content_length = steering->lengths > 0 ? parse->llhttp.content_length : 0;
    return PARSE_COMPLETE;
}

static enum parse_result check_head(struct parse *parse, const char *end) {
    const llhttp_t *llhttp = &parse->llhttp;
    struct http_request *request = &parse->request;
    if (llhttp->http_major != 1 || llhttp->http_minor > 1)
        return refuse(parse, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    parse->is_http_1_0 = llhttp->http_minor == 0;
    parse->request.is_http_1_0 = parse->is_http_1_0;
    if (llhttp->method == HTTP_CONNECT)
        return refuse(parse, 501, "CONNECT is for proxies");

    struct steering steering = {0};
    if (!has_clean_lines(parse->target.data, end) || !read_headers(parse, &steering))
        return refuse(parse, 400, "malformed header field");
    if (steering.hosts > 1 || (steering.hosts == 0 && !parse->is_http_1_0))
        return refuse(parse, 400, "exactly one Host is needed");
    if (!split_target(parse, steering.host))
        return refuse(parse, 400, "malformed request target");

    const char *method = llhttp_method_name(llhttp->method);
    request->method = (struct http_text){method, strlen(method)};
    request->keep_alive = llhttp_should_keep_alive(llhttp);
    if (parse->is_http_1_0)
        parse->expects_continue = false;
    return check_framing(parse, &steering);
}

enum parse_result parse_head(struct parse *parse, const char *data, size_t len, size_t *ret_used) {
    *ret_used = len;
    llhttp_errno_t error = llhttp_execute(&parse->llhttp, data, len);
    if (error == HPE_OK)
        return PARSE_NEEDS_MORE;
    if (error == HPE_INVALID_METHOD)
        return refuse_method(parse, data, len);
    if (error != HPE_PAUSED)
        return refuse_by_llhttp(parse, error);
    const char *end = llhttp_get_error_pos(&parse->llhttp);
    *ret_used = (size_t)(end - data);
    return check_head(parse, end);
}

/* llhttp lets a trailer section end with a bare line feed, which others may not take for its end (RFC 9112,
 * 2.2). `used` bytes were read last, and the message ends with them. */
static bool ends_cleanly(const struct parse *parse, const char *data, size_t used) {
    return (used > 1 ? data[used - 2] : parse->last_byte) == '\r';
}

enum parse_result parse_chunks(struct parse *parse, const struct parse_sink *sink, const char *data,
                               size_t len, size_t *ret_used) {
    parse->in_body = true;
    parse->sink = sink;
    parse->is_resting = false;
    *ret_used = len;
    llhttp_resume(&parse->llhttp);
    llhttp_errno_t error = llhttp_execute(&parse->llhttp, data, len);
    bool is_stopped = error == HPE_PAUSED;
    if (!is_stopped && error != HPE_OK)
        return refuse_by_llhttp(parse, error);
    if (is_stopped)
        *ret_used = (size_t)(llhttp_get_error_pos(&parse->llhttp) - data);
    bool is_complete = is_stopped && !parse->is_resting;
    if (is_complete && !ends_cleanly(parse, data, *ret_used))
        return refuse(parse, 400, "malformed end of a chunked body");
    if (*ret_used > 0)
        parse->last_byte = data[*ret_used - 1];
    parse->chunked_bytes += *ret_used;
    uint64_t content = parse->content_bytes, trailers = trailers_bytes(parse->trailers);
    if (parse->chunked_bytes > CHUNK_FRAMING_BYTES + CHUNK_FRAMING_FACTOR * content + trailers)
        return refuse(parse, 400, "too much framing for a chunked body this small");
    if (is_complete)
        return PARSE_COMPLETE;
    return parse->is_resting ? PARSE_RESTS : PARSE_NEEDS_MORE;
}
