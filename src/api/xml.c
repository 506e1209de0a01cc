/* See xml.h. */
#include "api/xml.h"

#include <string.h>

#include "base/utf8.h"

void xml_open(struct buf *buf, const char *name) {
    buf_append_byte(buf, '<');
    buf_append_text(buf, name);
    buf_append_byte(buf, '>');
}

void xml_close(struct buf *buf, const char *name) {
    buf_append_text(buf, "</");
    buf_append_text(buf, name);
    buf_append_byte(buf, '>');
}

/* Appends the character that a text of `len` bytes begins with; gives its bytes. */
static size_t append_char(struct buf *buf, const char *text, size_t len) {
    size_t size = utf8_sequence(text, len);
    bool is_control = (unsigned char)*text < ' ' && *text != '\t' && *text != '\n';
    bool is_noncharacter = size == 3 && utf8_decode(text, size) >= 0xfffe;
    if (size == 0 || is_noncharacter)
        buf_append_text(buf, UTF8_REPLACEMENT);
    else if (!is_control)
        buf_append(buf, text, size);
    return size > 0 ? size : 1;
}

void xml_append_text(struct buf *buf, const char *text) {
    for (size_t at = 0, len = strlen(text); at < len;) {
        switch (text[at]) {
        case '<': buf_append_text(buf, "&lt;"); break;
        case '>': buf_append_text(buf, "&gt;"); break;
        case '&': buf_append_text(buf, "&amp;"); break;
        case '\r': buf_append_text(buf, "&#13;"); break; /* readers turn a bare one into a line feed */
        default: at += append_char(buf, text + at, len - at); continue;
        }
        at++;
    }
}

void xml_put(struct buf *buf, const char *name, const char *text) {
    if (!text)
        return;
    xml_open(buf, name);
    xml_append_text(buf, text);
    xml_close(buf, name);
}

void xml_put_integer(struct buf *buf, const char *name, int64_t number) {
    xml_open(buf, name);
    buf_append_number(buf, number);
    xml_close(buf, name);
}

void xml_put_bool(struct buf *buf, const char *name, bool value) {
    xml_put(buf, name, value ? "true" : "false");
}
