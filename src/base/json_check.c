/* The JSON checker: one pass, no memory beyond the offsets of open containers, no recursion. It says only
 * where and in which construct it stopped; json_fault.c looks at that place again to find the words, so that
 * nothing here is slowed down by messages. */
#include <string.h>

#include "base/json.h"
#include "base/json_fault.h"
#include "base/utf8.h"

/* Bytes of a string that need no second look: ASCII but control characters, quote and backslash. */
static const bool is_plain[256] = {[0x20 ... 0x21] = true, [0x23 ... 0x5b] = true, [0x5d ... 0x7f] = true};

static inline bool is_digit(unsigned char c) {
    return c >= '0' && c <= '9';
}

static inline size_t skip_space(const unsigned char *text, size_t len, size_t at) {
    while (at < len && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t'))
        at++;
    return at;
}

/* Eight bytes at a time: the high bit of a byte is set in the result if it is not plain. A byte that borrows
 * from its neighbour is not plain itself, so none is missed. */
static inline uint64_t not_plain(uint64_t word) {
    const uint64_t ones = 0x0101010101010101u;
    uint64_t control = word - ones * 0x20;
    uint64_t quote = (word ^ ones * '"') - ones;
    uint64_t backslash = (word ^ ones * '\\') - ones;
    return (word | control | quote | backslash) & ones * 0x80;
}

static inline size_t skip_plain(const unsigned char *text, size_t len, size_t at) {
    for (; len - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, text + at, 8);
        if (not_plain(word))
            break;
    }
    while (at < len && is_plain[text[at]])
        at++;
    return at;
}

/* The scanners take the offset of a construct's first byte and return the offset behind it, or 0 when it is
 * broken. */

static size_t scan_escape(const unsigned char *text, size_t len, size_t at) {
    if (len - at < 2)
        return 0;
    unsigned char c = text[at + 1];
    if (c != 'u')
        return c != '\0' && strchr("\"\\/bfnrt", c) ? at + 2 : 0;
    if (len - at < 6)
        return 0;
    for (size_t i = at + 2; i < at + 6; i++)
        if (!is_digit(text[i]) && !((text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'f'))
            return 0;
    return at + 6;
}

static size_t scan_string(const unsigned char *text, size_t len, size_t at) {
    at++;
    for (;;) {
        at = skip_plain(text, len, at);
        if (at == len)
            return 0;
        if (text[at] == '"')
            return at + 1;
        if (text[at] == '\\') {
            at = scan_escape(text, len, at);
            if (at == 0)
                return 0;
        } else {
            /* A control character is the one byte below 0x80 that comes here. */
            size_t size = text[at] < 0x80 ? 0 : utf8_sequence(text + at, len - at);
            if (size == 0)
                return 0;
            at += size;
        }
    }
}

/* Past the digits at `at`; 0 when there is none. */
static size_t scan_digits(const unsigned char *text, size_t len, size_t at) {
    size_t start = at;
    while (at < len && is_digit(text[at]))
        at++;
    return at > start ? at : 0;
}

static size_t scan_number(const unsigned char *text, size_t len, size_t at) {
    if (text[at] == '-')
        at++;
    size_t first = at;
    at = scan_digits(text, len, at);
    if (at == 0 || (text[first] == '0' && at > first + 1))
        return 0;
    if (at < len && text[at] == '.') {
        at = scan_digits(text, len, at + 1);
        if (at == 0)
            return 0;
    }
    if (at < len && (text[at] | 0x20) == 'e') {
        at++;
        if (at < len && (text[at] == '+' || text[at] == '-'))
            at++;
        at = scan_digits(text, len, at);
    }
    return at;
}

static size_t scan_word(const unsigned char *text, size_t len, size_t at, const char *word, size_t word_len) {
    return len - at >= word_len && memcmp(text + at, word, word_len) == 0 ? at + word_len : 0;
}

/* Any value but a container. On failure *stop tells more where the value's first byte does. */
static size_t scan_scalar(const unsigned char *text, size_t len, size_t at, enum json_stop *stop) {
    unsigned char c = text[at];
    if (c == '"') {
        *stop = JSON_STOP_STRING;
        return scan_string(text, len, at);
    }
    if (c == '-' || is_digit(c)) {
        *stop = JSON_STOP_NUMBER;
        return scan_number(text, len, at);
    }
    if (c == 't')
        return scan_word(text, len, at, "true", 4);
    if (c == 'f')
        return scan_word(text, len, at, "false", 5);
    return c == 'n' ? scan_word(text, len, at, "null", 4) : 0;
}

/* Takes one value, or the opening of a container. */
static enum json_stop take_value(struct json_scan *scan, enum json_stop here) {
    unsigned char c = scan->text[scan->at];
    if (c == '{' || c == '[') {
        if (scan->depth == JSON_MAX_DEPTH)
            return JSON_STOP_DEPTH;
        scan->opens[scan->depth++] = scan->at++;
        return JSON_STOP_NONE;
    }
    size_t end = scan_scalar(scan->text, scan->len, scan->at, &here);
    if (end == 0)
        return here;
    scan->at = end;
    return JSON_STOP_NONE;
}

/* Takes a name and its colon. */
static enum json_stop take_name(struct json_scan *scan, enum json_stop here) {
    if (scan->text[scan->at] != '"')
        return here;
    size_t end = scan_string(scan->text, scan->len, scan->at);
    if (end == 0)
        return JSON_STOP_NAME_STRING;
    scan->at = skip_space(scan->text, scan->len, end);
    if (scan->at == scan->len || scan->text[scan->at] != ':')
        return JSON_STOP_COLON;
    scan->at++;
    return JSON_STOP_NONE;
}

/* Runs to the end of the text or to the first fault. The stop a fault would have is also the state of the
 * grammar. */
static enum json_stop run(struct json_scan *scan) {
    enum json_stop state = JSON_STOP_FIRST;
    for (;;) {
        scan->at = skip_space(scan->text, scan->len, scan->at);
        if (scan->at == scan->len)
            return state == JSON_STOP_AFTER && scan->depth == 0 ? JSON_STOP_NONE : state;
        unsigned char c = scan->text[scan->at];
        bool in_object = scan->depth > 0 && scan->text[scan->opens[scan->depth - 1]] == '{';
        bool wants_more = state == JSON_STOP_VALUE || state == JSON_STOP_NAME;
        if (!wants_more && scan->depth > 0 && c == (in_object ? '}' : ']')) {
            scan->at++;
            scan->depth--;
            state = JSON_STOP_AFTER;
        } else if (state == JSON_STOP_AFTER) {
            if (c != ',' || scan->depth == 0)
                return state;
            scan->at++;
            state = in_object ? JSON_STOP_NAME : JSON_STOP_VALUE;
        } else if (state == JSON_STOP_NAME || state == JSON_STOP_FIRST_NAME) {
            enum json_stop stop = take_name(scan, state);
            if (stop != JSON_STOP_NONE)
                return stop;
            state = JSON_STOP_VALUE;
        } else {
            enum json_stop stop = take_value(scan, state);
            if (stop != JSON_STOP_NONE)
                return stop;
            state = c == '{' ? JSON_STOP_FIRST_NAME : c == '[' ? JSON_STOP_FIRST : JSON_STOP_AFTER;
        }
    }
}

bool json_check(const char *text, size_t len, struct json_fault *fault) {
    /* Member by member: zeroing the array would cost more than a short text. */
    struct json_scan scan;
    scan.text = (const unsigned char *)text;
    scan.len = len;
    scan.at = 0;
    scan.depth = 0;
    enum json_stop stop = run(&scan);
    if (stop != JSON_STOP_NONE && fault)
        json_fault_explain(&scan, stop, fault);
    return stop == JSON_STOP_NONE;
}
