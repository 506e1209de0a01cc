/* Finds the words for a text that is no JSON. They are those of Jackson's parser (UTF8StreamJsonParser 2.17
 * with default features), because AWS Lambda hands its messages to callers. Where Jackson is laxer than RFC
 * 8259 and RFC 3629 (overlong UTF-8, encoded surrogates, text behind the value), its nearest words are used.
 * Slow and careful: it runs once per bad text. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json_fault.h"
#include "base/utf8.h"

#define VALUES "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

/* Most of an unknown token that is quoted in a message. */
#define TOKEN_BYTES 256

#define END_OF_TEXT (-1)

/* The byte at an offset, or END_OF_TEXT. */
static int byte_at(const struct json_scan *scan, size_t at) {
    return at < scan->len ? scan->text[at] : END_OF_TEXT;
}

static bool is_digit(int c) {
    return c >= '0' && c <= '9';
}

static bool is_hex_digit(int c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Line and column of an offset. Line ends are those before `counted`: a line end that is itself the fault is
 * no line end to the parser. */
static void find_place(const struct json_scan *scan, size_t at, size_t counted, size_t *ret_line,
                       size_t *ret_column) {
    size_t line = 1, line_start = 0;
    for (size_t i = 0; i < counted; i++) {
        bool is_end = scan->text[i] == '\n' || (scan->text[i] == '\r' && byte_at(scan, i + 1) != '\n');
        if (is_end) {
            line++;
            line_start = i + 1;
        }
    }
    *ret_line = line;
    *ret_column = at - line_start + 1;
}

struct report {
    const struct json_scan *scan;
    struct json_fault *fault;
};

/* The fault is the byte at `at`, and its place is `beyond` bytes further on. */
static void say(const struct report *report, size_t at, size_t beyond, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void say(const struct report *report, size_t at, size_t beyond, const char *format, ...) {
    struct json_fault *fault = report->fault;
    va_list args;
    va_start(args, format);
    vsnprintf(fault->text, sizeof fault->text, format, args);
    va_end(args);
    fault->offset = at + beyond;
    find_place(report->scan, fault->offset, at, &fault->line, &fault->column);
}

#define CHAR_TEXT_BYTES 48

/* A character as messages show it: 'x' (code 120), '\u20ac' (code 8364 / 0x20ac), (CTRL-CHAR, code 1). */
static const char *describe(uint32_t code, char space[CHAR_TEXT_BYTES]) {
    char bytes[UTF8_MAX_BYTES];
    int size = (int)utf8_encode(code, bytes);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0))
        snprintf(space, CHAR_TEXT_BYTES, "(CTRL-CHAR, code %" PRIu32 ")", code);
    else if (code > 255)
        snprintf(space, CHAR_TEXT_BYTES, "'%.*s' (code %" PRIu32 " / 0x%" PRIx32 ")", size, bytes, code,
                 code);
    else
        snprintf(space, CHAR_TEXT_BYTES, "'%.*s' (code %" PRIu32 ")", size, bytes, code);
    return space;
}

static void say_unexpected(const struct report *report, size_t at, const char *expectation) {
    char space[CHAR_TEXT_BYTES];
    say(report, at, 0, "Unexpected character (%s): %s", describe(report->scan->text[at], space), expectation);
}

/* Tells which byte of a broken sequence is wrong. False when none is and the text ends within the
 * sequence. */
static bool say_bad_utf8(const struct report *report, size_t at) {
    const struct json_scan *scan = report->scan;
    unsigned char lead = scan->text[at];
    if (lead < 0xc2 || lead > 0xf4) {
        say(report, at, 1, "Invalid UTF-8 start byte 0x%x", lead);
        return true;
    }
    size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    for (size_t i = at + 1; i < at + size; i++) {
        if (i == scan->len)
            return false;
        if ((scan->text[i] & 0xc0) != 0x80) {
            say(report, i, 1, "Invalid UTF-8 middle byte 0x%x", scan->text[i]);
            return true;
        }
    }
    /* All are middle bytes: the first of them makes an overlong form, a surrogate or too high a code
     * point. */
    say(report, at + 1, 1, "Invalid UTF-8 middle byte 0x%x", scan->text[at + 1]);
    return true;
}

/* Java's identifier letters and digits, near enough: all of ASCII and Latin-1 exactly, and beyond them
 * everything but general punctuation. Some control characters count too. */
static bool is_identifier_part(uint32_t code) {
    if (code < 0x80)
        return (code | 0x20) - 'a' < 26 || code - '0' < 10 || code == '_' || code == '$' || code < 0x09 ||
               (code >= 0x0e && code < 0x1c) || code == 0x7f;
    if (code < 0x100)
        return code < 0xa0 || (code >= 0xa2 && code <= 0xa5) || code == 0xaa || code == 0xad ||
               code == 0xb5 || code == 0xba || (code >= 0xc0 && code != 0xd7 && code != 0xf7);
    return code < 0x2000 || code >= 0x2070;
}

static bool is_identifier_start(uint32_t code) {
    return is_identifier_part(code) && !is_digit((int)code) && code >= 0x20 &&
           !(code >= 0x7f && code < 0xa0) && code != 0xad;
}

/* A word that JSON does not know. Its first byte stands for a Latin-1 character, as the parser takes it. */
static void say_unknown_token(const struct report *report, size_t start) {
    const struct json_scan *scan = report->scan;
    char token[TOKEN_BYTES];
    size_t len = utf8_encode(scan->text[start], token);
    size_t at = start + 1;
    size_t size = 0; /* of the character that ends the token */
    while (at < scan->len && len + UTF8_MAX_BYTES <= sizeof token) {
        size = utf8_sequence(scan->text + at, scan->len - at);
        if (size == 0 && say_bad_utf8(report, at))
            return;
        if (size == 0 || !is_identifier_part(utf8_decode(scan->text + at, size)))
            break;
        memcpy(token + len, scan->text + at, size);
        len += size;
        at += size;
        size = 0;
    }
    bool is_cut = len + UTF8_MAX_BYTES > sizeof token;
    say(report, at, size, "Unrecognized token '%.*s%s': was expecting " VALUES, (int)len, token,
        is_cut ? "..." : "");
}

/* Words of JavaScript that programs print for numbers JSON can't hold. */
static bool say_non_standard(const struct report *report, size_t at) {
    static const char *const words[] = {"NaN", "Infinity", "-Infinity", "-INF", "+Infinity", "+INF"};
    const struct json_scan *scan = report->scan;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t len = strlen(words[i]);
        if (scan->len - at < len || memcmp(scan->text + at, words[i], len) != 0)
            continue;
        if (at + len < scan->len && is_identifier_part(scan->text[at + len]))
            return false;
        say(report, at + len, 0,
            "Non-standard token '%s': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow", words[i]);
        return true;
    }
    return false;
}

static bool is_in_object(const struct json_scan *scan) {
    return scan->depth > 0 && scan->text[scan->opens[scan->depth - 1]] == '{';
}

static const char *type_name(const struct json_scan *scan) {
    if (scan->depth == 0)
        return "root";
    return is_in_object(scan) ? "Object" : "Array";
}

/* Where the innermost open container begins; the root is said to begin at column 0. */
static void find_container(const struct json_scan *scan, size_t *ret_line, size_t *ret_column) {
    *ret_line = 1;
    *ret_column = 0;
    if (scan->depth > 0) {
        size_t open = scan->opens[scan->depth - 1];
        find_place(scan, open, open, ret_line, ret_column);
    }
}

static void say_unclosed(const struct report *report) {
    size_t line, column;
    find_container(report->scan, &line, &column);
    say(report, report->scan->len, 0,
        "Unexpected end-of-input: expected close marker for %s (start marker at " JSON_FAULT_SOURCE ")",
        type_name(report->scan), line, column);
}

static void say_ended_between(const struct report *report) {
    say(report, report->scan->len, 0, "Unexpected end-of-input within/between %s entries",
        type_name(report->scan));
}

static void say_wrong_close(const struct report *report) {
    const struct json_scan *scan = report->scan;
    size_t line, column;
    find_container(scan, &line, &column);
    unsigned char close = scan->text[scan->at];
    say(report, scan->at, 0,
        "Unexpected close marker '%c': expected '%c' (for %s starting at " JSON_FAULT_SOURCE ")", close,
        close == ']' ? '}' : ']', type_name(scan), line, column);
}

/* What may not stand between tokens at all. */
static bool say_bad_space(const struct report *report) {
    size_t at = report->scan->at;
    int c = byte_at(report->scan, at);
    char space[CHAR_TEXT_BYTES];
    if (c == '/')
        say_unexpected(report, at,
                       "maybe a (non-standard) comment? (not recognized as one since Feature "
                       "'ALLOW_COMMENTS' not enabled for parser)");
    else if (c >= 0 && c < 0x20)
        say(report, at, 0,
            "Illegal character (%s): only regular white space (\\r, \\n, \\t) is allowed between tokens",
            describe((uint32_t)c, space));
    else
        return false;
    return true;
}

/* A byte that begins no value. */
static void say_no_value(const struct report *report) {
    const struct json_scan *scan = report->scan;
    size_t at = scan->at;
    unsigned char c = scan->text[at];
    if (c == ',' || c == '}' || (c == ']' && !is_in_object(scan)))
        say_unexpected(report, at, "expected a value");
    else if (say_non_standard(report, at))
        return;
    else if (c == '+' && at + 1 == scan->len)
        say(report, scan->len, 0, "Unexpected end-of-input in a Number value");
    else if (c == '+')
        say(report, at, 1,
            "Unexpected character ('+' (code 43)) in numeric value: JSON spec does not allow numbers to "
            "have plus signs: enable `JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow");
    else if (is_identifier_start(c))
        say_unknown_token(report, at);
    else
        say_unexpected(report, at, "expected a valid value " VALUES);
}

/* The first value of the text or of an array. */
static void explain_first(const struct report *report) {
    const struct json_scan *scan = report->scan;
    int c = byte_at(scan, scan->at);
    if (c == END_OF_TEXT && scan->depth > 0) {
        say_unclosed(report);
    } else if (c == END_OF_TEXT) {
        say(report, scan->len, 0, "No content to map due to end-of-input");
        find_container(scan, &report->fault->line, &report->fault->column);
    } else if (say_bad_space(report)) {
        return;
    } else if (c == ']' || c == '}') {
        say_wrong_close(report);
    } else {
        say_no_value(report);
    }
}

static void explain_value(const struct report *report) {
    if (report->scan->at == report->scan->len)
        say_ended_between(report);
    else if (!say_bad_space(report))
        say_no_value(report);
}

static void explain_name(const struct report *report) {
    const struct json_scan *scan = report->scan;
    size_t at = scan->at;
    if (at == scan->len) {
        say_ended_between(report);
        return;
    }
    if (say_bad_space(report))
        return;
    size_t size = utf8_sequence(scan->text + at, scan->len - at);
    char space[CHAR_TEXT_BYTES];
    if (size == 0 && !say_bad_utf8(report, at))
        say_ended_between(report);
    else if (size > 0)
        say(report, at, size - 1, "Unexpected character (%s): was expecting double-quote to start field name",
            describe(utf8_decode(scan->text + at, size), space));
}

static void explain_first_name(const struct report *report) {
    int c = byte_at(report->scan, report->scan->at);
    if (c == END_OF_TEXT)
        say_unclosed(report);
    else if (c == ']')
        say_wrong_close(report);
    else
        explain_name(report);
}

static void explain_colon(const struct report *report) {
    if (report->scan->at == report->scan->len)
        say_ended_between(report);
    else if (!say_bad_space(report))
        say_unexpected(report, report->scan->at, "was expecting a colon to separate field name and value");
}

/* Behind the value of the whole text. */
static void explain_trailing(const struct report *report) {
    const struct json_scan *scan = report->scan;
    unsigned char c = scan->text[scan->at];
    const char *token = NULL;
    if (c == '{')
        token = "START_OBJECT";
    else if (c == '[')
        token = "START_ARRAY";
    else if (c == '"')
        token = "VALUE_STRING";
    else if (c == '-' || is_digit(c))
        token = "VALUE_NUMBER_INT";
    if (is_digit(scan->text[scan->at - 1]))
        say_unexpected(report, scan->at, "Expected space separating root-level values");
    else if (token)
        say(report, scan->at, 0,
            "Trailing token (of type %s) found after value (bound as "
            "`com.fasterxml.jackson.databind.JsonNode`): not allowed as per "
            "`DeserializationFeature.FAIL_ON_TRAILING_TOKENS`",
            token);
    else
        explain_first(report);
}

static void explain_after(const struct report *report) {
    const struct json_scan *scan = report->scan;
    int c = byte_at(scan, scan->at);
    size_t word = scan->at;
    while (word > 0 && scan->text[word - 1] >= 'a' && scan->text[word - 1] <= 'z')
        word--;
    if (c == END_OF_TEXT)
        say_unclosed(report);
    else if (word < scan->at && c >= '0' && is_identifier_part((uint32_t)c))
        say_unknown_token(report, word);
    else if (scan->depth == 0)
        explain_trailing(report);
    else if (say_bad_space(report))
        return;
    else if (c == ']' || c == '}')
        say_wrong_close(report);
    else if (is_in_object(scan))
        say_unexpected(report, scan->at, "was expecting comma to separate Object entries");
    else
        say_unexpected(report, scan->at, "was expecting comma to separate Array entries");
}

/* A broken escape. `at` is its backslash. */
static void say_bad_escape(const struct report *report, size_t at) {
    const struct json_scan *scan = report->scan;
    size_t size = utf8_sequence(scan->text + at + 1, scan->len - at - 1);
    char space[CHAR_TEXT_BYTES];
    if (size == 0) {
        if (at + 1 == scan->len || !say_bad_utf8(report, at + 1))
            say(report, scan->len, 0, "Unexpected end-of-input in character escape sequence");
    } else if (scan->text[at + 1] != 'u') {
        say(report, at + 1, size - 1, "Unrecognized character escape %s",
            describe(utf8_decode(scan->text + at + 1, size), space));
    } else {
        size_t i = at + 2;
        while (i < scan->len && is_hex_digit(scan->text[i]))
            i++;
        if (i == scan->len)
            say(report, scan->len, 0, "Unexpected end-of-input in character escape sequence");
        else
            say_unexpected(report, i, "expected a hex-digit for character escape sequence");
    }
}

static bool is_good_escape(const struct json_scan *scan, size_t at) {
    int c = byte_at(scan, at + 1);
    if (c != 'u')
        return c > 0 && strchr("\"\\/bfnrt", c);
    for (size_t i = at + 2; i < at + 6; i++)
        if (!is_hex_digit(byte_at(scan, i)))
            return false;
    return true;
}

static void say_bad_string(const struct report *report, const char *kind, const char *unclosed) {
    const struct json_scan *scan = report->scan;
    size_t at = scan->at + 1;
    char space[CHAR_TEXT_BYTES];
    while (at < scan->len) {
        unsigned char c = scan->text[at];
        size_t size = utf8_sequence(scan->text + at, scan->len - at);
        if (size == 0 && say_bad_utf8(report, at))
            return;
        if (size == 0)
            break;
        if (c < 0x20) {
            say(report, at, 0,
                "Illegal unquoted character (%s): has to be escaped using backslash to be included in %s",
                describe(c, space), kind);
            return;
        }
        if (c == '\\' && !is_good_escape(scan, at)) {
            say_bad_escape(report, at);
            return;
        }
        at += c == '\\' ? 2 : size;
    }
    say(report, scan->len, 0, "Unexpected end-of-input%s", unclosed);
}

static void explain_string(const struct report *report) {
    say_bad_string(report, "string value", " in VALUE_STRING");
}

static void explain_name_string(const struct report *report) {
    bool is_empty = report->scan->at + 1 == report->scan->len;
    say_bad_string(report, "name", is_empty ? ": was expecting closing '\"' for name" : " in field name");
}

static void say_bad_digit(const struct report *report, size_t at, const char *expectation) {
    char space[CHAR_TEXT_BYTES];
    say(report, at, 0, "Unexpected character (%s) in numeric value: %s",
        describe(report->scan->text[at], space), expectation);
}

static size_t skip_digits(const struct json_scan *scan, size_t at) {
    while (is_digit(byte_at(scan, at)))
        at++;
    return at;
}

static void explain_number(const struct report *report) {
    const struct json_scan *scan = report->scan;
    bool is_negative = scan->text[scan->at] == '-';
    size_t first = scan->at + is_negative;
    size_t at = skip_digits(scan, first);
    if (at == first && at < scan->len) {
        if (!say_non_standard(report, scan->at))
            say_bad_digit(report, at, "expected digit (0-9) to follow minus sign, for valid numeric value");
        return;
    }
    if (byte_at(scan, first) == '0' && at > first + 1) {
        say(report, first + 1, 0, "Invalid numeric value: Leading zeroes not allowed");
        return;
    }
    if (byte_at(scan, at) == '.') {
        size_t fraction = at + 1;
        at = skip_digits(scan, fraction);
        if (at == fraction) {
            /* At the end of the text the parser still holds the point. */
            say_bad_digit(report, at < scan->len ? at : at - 1, "Decimal point not followed by a digit");
            return;
        }
    }
    if (at < scan->len) { /* behind an exponent's letter */
        at++;
        if (byte_at(scan, at) == '+' || byte_at(scan, at) == '-')
            at++;
    }
    if (at < scan->len)
        say_bad_digit(report, at, "Exponent indicator not followed by a digit");
    else
        say(report, scan->len, 0, "Unexpected end-of-input in a Number value");
}

static void explain_depth(const struct report *report) {
    say(report, report->scan->at, 1,
        "Document nesting depth (%d) exceeds the maximum allowed (%d, from "
        "`StreamReadConstraints.getMaxNestingDepth()`)",
        JSON_MAX_DEPTH + 1, JSON_MAX_DEPTH);
}

void json_fault_explain(const struct json_scan *scan, enum json_stop stop, struct json_fault *ret_fault) {
    static void (*const explain[])(const struct report *report) = {
        [JSON_STOP_FIRST] = explain_first,           [JSON_STOP_VALUE] = explain_value,
        [JSON_STOP_FIRST_NAME] = explain_first_name, [JSON_STOP_NAME] = explain_name,
        [JSON_STOP_COLON] = explain_colon,           [JSON_STOP_AFTER] = explain_after,
        [JSON_STOP_STRING] = explain_string,         [JSON_STOP_NAME_STRING] = explain_name_string,
        [JSON_STOP_NUMBER] = explain_number,         [JSON_STOP_DEPTH] = explain_depth,
    };
    explain[stop](&(struct report){.scan = scan, .fault = ret_fault});
}
