/* The JSON writer. It trusts its caller to open, name and close in order, and asks nothing of the strings it
 * is given: what is no UTF-8 becomes U+FFFD. Escapes are the ones AWS's services write: the short forms where
 * JSON has them, \u00XX for other control characters, nothing for '/' and beyond ASCII. */
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

void json_writer_init(struct json_writer *writer, struct buf *buf) {
    *writer = (struct json_writer){.buf = buf};
}

static void begin_value(struct json_writer *writer) {
    if (writer->needs_comma)
        buf_append_byte(writer->buf, ',');
    writer->needs_comma = true;
}

static void open_container(struct json_writer *writer, char bracket) {
    begin_value(writer);
    buf_append_byte(writer->buf, bracket);
    writer->needs_comma = false;
}

static void close_container(struct json_writer *writer, char bracket) {
    buf_append_byte(writer->buf, bracket);
    writer->needs_comma = true;
}

void json_open_object(struct json_writer *writer) {
    open_container(writer, '{');
}

void json_close_object(struct json_writer *writer) {
    close_container(writer, '}');
}

void json_open_array(struct json_writer *writer) {
    open_container(writer, '[');
}

void json_close_array(struct json_writer *writer) {
    close_container(writer, ']');
}

static void append_escape(struct buf *buf, unsigned char c) {
    static const char short_forms[256] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['"'] = '"', ['\\'] = '\\'};
    static const char digits[] = "0123456789ABCDEF";
    if (short_forms[c]) {
        buf_append(buf, (char[]){'\\', short_forms[c]}, 2);
    } else {
        buf_append(buf, (char[]){'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]}, 6);
    }
}

static void append_quoted(struct buf *buf, const char *text, size_t len) {
    buf_append_byte(buf, '"');
    size_t done = 0; /* bytes before this one are appended */
    for (size_t at = 0; at < len;) {
        unsigned char c = (unsigned char)text[at];
        size_t size = c < 0x80 ? 1 : utf8_sequence(text + at, len - at);
        if (size != 0 && c >= 0x20 && c != '"' && c != '\\') {
            at += size;
            continue;
        }
        buf_append(buf, text + done, at - done);
        if (size == 0)
            buf_append_text(buf, UTF8_REPLACEMENT);
        else
            append_escape(buf, c);
        done = ++at;
    }
    buf_append(buf, text + done, len - done);
    buf_append_byte(buf, '"');
}

void json_key(struct json_writer *writer, const char *key) {
    json_put_string(writer, key);
    buf_append_byte(writer->buf, ':');
    writer->needs_comma = false;
}

void json_put_string(struct json_writer *writer, const char *text) {
    json_put_string_bytes(writer, text, strlen(text));
}

void json_put_string_bytes(struct json_writer *writer, const char *text, size_t len) {
    begin_value(writer);
    append_quoted(writer->buf, text, len);
}

void json_put_integer(struct json_writer *writer, int64_t number) {
    begin_value(writer);
    buf_append_number(writer->buf, number);
}

void json_put_bool(struct json_writer *writer, bool value) {
    begin_value(writer);
    buf_append_text(writer->buf, value ? "true" : "false");
}

void json_put_null(struct json_writer *writer) {
    begin_value(writer);
    buf_append_text(writer->buf, "null");
}

void json_put_raw(struct json_writer *writer, const char *text, size_t len) {
    begin_value(writer);
    buf_append(writer->buf, text, len);
}

void json_put_value(struct json_writer *writer, struct json_value value) {
    size_t len;
    const char *raw = json_raw(value, &len);
    json_put_raw(writer, raw, len);
}

void json_put_member(struct json_writer *writer, const char *key, const char *text) {
    if (!text)
        return;
    json_key(writer, key);
    json_put_string(writer, text);
}

void json_put_member_integer(struct json_writer *writer, const char *key, int64_t number) {
    json_key(writer, key);
    json_put_integer(writer, number);
}

void json_put_member_value(struct json_writer *writer, const char *key, struct json_value value) {
    if (!json_is_present(value))
        return;
    json_key(writer, key);
    json_put_value(writer, value);
}
