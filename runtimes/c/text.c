/* JSON strings, base64, and the error document of the Runtime API. See text.h. */
#include "text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* No byte of a text becomes longer than \u001f. */
#define ESCAPED_BYTES 6

/* Length of the UTF-8 sequence at `text`; 0 if it isn't one (RFC 3629: no overlong forms or surrogates). */
static size_t utf8_size(const unsigned char *text, size_t left) {
    unsigned char first = text[0];
    size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (size > left || (first >= 0x80 && first < 0xc2) || first > 0xf4)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (first == 0xe0 && text[1] < 0xa0) || (first == 0xf0 && text[1] < 0x90);
    bool surrogate = first == 0xed && text[1] >= 0xa0;
    bool beyond = first == 0xf4 && text[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : size;
}

static char *put(char *out, const void *text, size_t size) {
    memcpy(out, text, size);
    return out + size;
}

static char *put_escaped(char *out, unsigned char byte) {
    static const char bytes[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *found = byte == '\0' ? NULL : strchr(bytes, byte);
    if (found != NULL)
        return put(put(out, "\\", 1), letters + (found - bytes), 1);
    return out + snprintf(out, ESCAPED_BYTES + 1, "\\u%04x", byte);
}

char *lamb_text_quote(struct lamb_arena *arena, const char *text, size_t size) {
    char *quoted = lamb_arena_take(arena, size < SIZE_MAX / 8 ? size * ESCAPED_BYTES + 3 : SIZE_MAX);
    const unsigned char *in = (const unsigned char *)text;
    char *out = quoted;
    *out++ = '"';
    while (size > 0) {
        size_t length = utf8_size(in, size);
        if (length == 0)
            out = put(out, "\xef\xbf\xbd", 3);
        else if (*in < 0x20 || *in == '"' || *in == '\\')
            out = put_escaped(out, *in);
        else
            out = put(out, in, length);
        size_t consumed = length == 0 ? 1 : length;
        in += consumed;
        size -= consumed;
    }
    *out++ = '"';
    *out = '\0';
    return quoted;
}

char *lamb_text_error(struct lamb_arena *arena, const char *type, const char *message) {
    static const char format[] = "{\"errorMessage\":%s,\"errorType\":%s,\"stackTrace\":[]}";
    const char *quoted_message = lamb_text_quote(arena, message, strlen(message));
    const char *quoted_type = lamb_text_quote(arena, type, strlen(type));
    size_t size = sizeof format + strlen(quoted_message) + strlen(quoted_type);
    char *error = lamb_arena_take(arena, size);
    snprintf(error, size, format, quoted_message, quoted_type);
    return error;
}

char *lamb_text_base64(struct lamb_arena *arena, const char *data, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *in = (const unsigned char *)data;
    char *text = lamb_arena_take(arena, size < SIZE_MAX / 2 ? size / 3 * 4 + 5 : SIZE_MAX);
    char *out = text;
    for (size_t i = 0; i < size; i += 3) {
        size_t count = size - i < 3 ? size - i : 3;
        uint32_t bits = (uint32_t)in[i] << 16;
        if (count > 1)
            bits |= (uint32_t)in[i + 1] << 8;
        if (count > 2)
            bits |= in[i + 2];
        for (size_t digit = 0; digit < 4; digit++)
            *out++ = digit <= count ? digits[bits >> (18 - 6 * digit) & 63] : '=';
    }
    *out = '\0';
    return text;
}
