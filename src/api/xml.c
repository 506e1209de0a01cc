/* See xml.h. */
#include "api/xml.h"

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

static bool is_expressible(char byte) {
    return (unsigned char)byte >= ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

void xml_append_text(struct buf *buf, const char *text) {
    for (; *text; text++) {
        switch (*text) {
        case '<': buf_append_text(buf, "&lt;"); break;
        case '>': buf_append_text(buf, "&gt;"); break;
        case '&': buf_append_text(buf, "&amp;"); break;
        case '\r': buf_append_text(buf, "&#13;"); break; /* readers turn a bare one into a line feed */
        default:
            if (is_expressible(*text))
                buf_append_byte(buf, *text);
        }
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
