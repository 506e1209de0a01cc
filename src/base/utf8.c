/* UTF-8: the shape of one sequence at a time (RFC 3629, section 4). */
#include "base/utf8.h"

/* The first byte tells the length and, for some, narrows the second byte: that is where overlong forms,
 * surrogates and code points past the end are kept out. */
struct lead {
    uint8_t first, last; /* range of the first byte */
    uint8_t size;
    uint8_t second_least, second_most;
};

static const struct lead leads[] = {
    {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf}, {0xe1, 0xec, 3, 0x80, 0xbf},
    {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf}, {0xf0, 0xf0, 4, 0x90, 0xbf},
    {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

size_t utf8_sequence(const void *text, size_t len) {
    const uint8_t *bytes = text;
    if (len == 0)
        return 0;
    if (bytes[0] < 0x80)
        return 1;
    for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++) {
        const struct lead *lead = &leads[i];
        if (bytes[0] > lead->last)
            continue;
        if (bytes[0] < lead->first || len < lead->size || bytes[1] < lead->second_least ||
            bytes[1] > lead->second_most)
            return 0;
        for (size_t k = 2; k < lead->size; k++)
            if ((bytes[k] & 0xc0) != 0x80)
                return 0;
        return lead->size;
    }
    return 0;
}

uint32_t utf8_decode(const void *text, size_t size) {
    static const uint8_t lead_bits[UTF8_MAX_BYTES + 1] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const uint8_t *bytes = text;
    uint32_t code = bytes[0] & lead_bits[size];
    for (size_t i = 1; i < size; i++)
        code = code << 6 | (bytes[i] & 0x3f);
    return code;
}

size_t utf8_encode(uint32_t code, char ret_bytes[UTF8_MAX_BYTES]) {
    static const uint8_t lead_marks[UTF8_MAX_BYTES + 1] = {0, 0x00, 0xc0, 0xe0, 0xf0};
    size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--) {
        ret_bytes[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    ret_bytes[0] = (char)(lead_marks[size] | code);
    return size;
}
