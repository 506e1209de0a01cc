/* The JSON reader: turns a text that json_check() has passed into an array of tokens, in the order of the
 * text. A name of an object is a string token in front of its value. Since the text is known to be valid,
 * making tokens is no more than finding where each begins and ends. */
#include <assert.h>
#include <string.h>

#include "base/json.h"
#include "base/json_fault.h"
#include "base/mem.h"
#include "base/utf8.h"

struct builder {
    struct json_doc doc;
    uint32_t capacity;
    uint32_t max_tokens;
    uint32_t open; /* the innermost open container, or NO_TOKEN */
};

#define NO_TOKEN UINT32_MAX
#define FIRST_CAPACITY 32u

/* False when there are max_tokens already. An open container keeps its parent in `next` until it is
 * closed. */
static bool add_token(struct builder *builder, enum json_type type, size_t start, size_t end) {
    struct json_doc *doc = &builder->doc;
    if (doc->count == builder->max_tokens)
        return false;
    if (doc->count == builder->capacity) {
        uint32_t doubled = builder->capacity > UINT32_MAX / 2 ? UINT32_MAX : builder->capacity * 2;
        uint32_t wanted = builder->capacity ? doubled : FIRST_CAPACITY;
        builder->capacity = wanted < builder->max_tokens ? wanted : builder->max_tokens;
        doc->tokens = mem_resize(doc->tokens, (size_t)builder->capacity * sizeof *doc->tokens);
    }
    uint32_t index = doc->count++;
    bool is_container = type == JSON_OBJECT || type == JSON_ARRAY;
    doc->tokens[index] = (struct json_token){
        .type = type,
        .start = (uint32_t)start,
        .end = (uint32_t)end,
        .next = is_container ? builder->open : index + 1,
    };
    if (builder->open != NO_TOKEN)
        doc->tokens[builder->open].size++;
    if (is_container)
        builder->open = index;
    return true;
}

static void close_container(struct builder *builder, size_t end) {
    assert(builder->open < builder->doc.count);
    struct json_token *token = &builder->doc.tokens[builder->open];
    builder->open = token->next;
    token->end = (uint32_t)end;
    token->next = builder->doc.count;
    if (token->type == JSON_OBJECT)
        token->size /= 2; /* names were counted too */
}

/* The offset of the quote that ends the string whose content begins at `at`: the first one behind an even
 * number of backslashes. */
static size_t find_quote(const char *text, size_t len, size_t at) {
    size_t start = at;
    for (;;) {
        const char *quote = memchr(text + at, '"', len - at);
        assert(quote);
        size_t place = (size_t)(quote - text);
        size_t backslashes = 0;
        while (place - backslashes > start && text[place - backslashes - 1] == '\\')
            backslashes++;
        if (backslashes % 2 == 0)
            return place;
        at = place + 1;
    }
}

static enum json_type scalar_type(char first) {
    switch (first) {
    case 'n': return JSON_NULL;
    case 't': return JSON_TRUE;
    case 'f': return JSON_FALSE;
    default: return JSON_NUMBER;
    }
}

/* Adds the string, number or word at *at and moves behind it. */
static bool add_scalar(struct builder *builder, size_t len, size_t *at) {
    const char *text = builder->doc.text;
    size_t start = *at;
    if (text[start] == '"') {
        size_t quote = find_quote(text, len, start + 1);
        *at = quote + 1;
        return add_token(builder, JSON_STRING, start + 1, quote);
    }
    size_t end = start;
    while (end < len && !strchr(" \t\n\r,]}", text[end]))
        end++;
    *at = end;
    return add_token(builder, scalar_type(text[start]), start, end);
}

/* Between tokens. A comparison, no strchr(): a hostile text may be white space for the most part. */
static bool is_filler(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == ',' || c == ':';
}

static bool build(struct builder *builder, size_t len) {
    const char *text = builder->doc.text;
    for (size_t at = 0; at < len;) {
        char c = text[at];
        bool ok = true;
        if (is_filler(c))
            at++;
        else if (c == '{' || c == '[')
            ok = add_token(builder, c == '{' ? JSON_OBJECT : JSON_ARRAY, at++, 0);
        else if (c == '}' || c == ']')
            close_container(builder, ++at);
        else
            ok = add_scalar(builder, len, &at);
        if (!ok)
            return false;
    }
    return true;
}

bool json_parse(struct json_doc *ret_doc, const char *text, size_t len, uint32_t max_tokens,
                struct err *err) {
    if (len >= UINT32_MAX)
        return err_set(err, ERR_LIMIT, "The JSON text has %zu bytes; at most %u can be read", len,
                       UINT32_MAX - 1);
    struct json_fault fault;
    if (!json_check(text, len, &fault))
        return err_set(err, ERR_SYNTAX, "%s\n at " JSON_FAULT_SOURCE, fault.text, fault.line, fault.column);
    struct builder builder = {.doc = {.text = text}, .max_tokens = max_tokens, .open = NO_TOKEN};
    if (!build(&builder, len)) {
        json_doc_done(&builder.doc);
        return err_set(err, ERR_LIMIT, "The JSON text has more than %u names and values", max_tokens);
    }
    *ret_doc = builder.doc;
    return true;
}

void json_doc_done(struct json_doc *doc) {
    free(doc->tokens);
    *doc = (struct json_doc){0};
}

static const struct json_token *token_of(struct json_value value) {
    assert(value.doc);
    return &value.doc->tokens[value.index];
}

static bool is_type(struct json_value value, enum json_type type) {
    return value.doc && token_of(value)->type == type;
}

struct json_value json_root(const struct json_doc *doc) {
    return (struct json_value){.doc = doc->count > 0 ? doc : NULL};
}

bool json_is_present(struct json_value value) {
    return value.doc != NULL;
}

enum json_type json_type_of(struct json_value value) {
    return token_of(value)->type;
}

struct json_value json_member(struct json_value object, const char *name) {
    struct json_value found = {0};
    if (!is_type(object, JSON_OBJECT))
        return found;
    struct json_value key, value;
    for (uint32_t cursor = 0; json_each(object, &cursor, &key, &value);)
        if (json_string_is(key, name))
            found = value;
    return found;
}

/* The cursor is the index of the next token to give. The root is no child, so that 0 is free to mean the
 * start. */
bool json_each(struct json_value container, uint32_t *cursor, struct json_value *ret_key,
               struct json_value *ret_value) {
    bool is_object = is_type(container, JSON_OBJECT);
    if (!is_object && !is_type(container, JSON_ARRAY))
        return false;
    const struct json_doc *doc = container.doc;
    uint32_t index = *cursor ? *cursor : container.index + 1;
    if (index == token_of(container)->next)
        return false;
    if (ret_key)
        *ret_key = is_object ? (struct json_value){.doc = doc, .index = index} : (struct json_value){0};
    if (is_object)
        index++;
    *ret_value = (struct json_value){.doc = doc, .index = index};
    *cursor = doc->tokens[index].next;
    return true;
}

uint32_t json_size(struct json_value container) {
    return is_type(container, JSON_OBJECT) || is_type(container, JSON_ARRAY) ? token_of(container)->size : 0;
}

static uint32_t hex_value(const char *digits) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)digits[i];
        value = value << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

/* Decodes the escape at `at` (its backslash) and moves past it. A pair of surrogates is one code point. */
static size_t decode_escape(const char **at, const char *end, char ret_bytes[UTF8_MAX_BYTES]) {
    static const char meanings[256] = {['b'] = '\b', ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r',
                                       ['t'] = '\t', ['"'] = '"',  ['\\'] = '\\', ['/'] = '/'};
    unsigned char kind = (unsigned char)(*at)[1];
    if (kind != 'u') {
        *at += 2;
        ret_bytes[0] = meanings[kind];
        return 1;
    }
    uint32_t code = hex_value(*at + 2);
    *at += 6;
    if (code >= 0xd800 && code < 0xdc00 && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u') {
        uint32_t low = hex_value(*at + 2);
        if (low >= 0xdc00 && low < 0xe000) {
            *at += 6;
            return utf8_encode(0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00), ret_bytes);
        }
    }
    bool is_lone_surrogate = code >= 0xd800 && code < 0xe000;
    return utf8_encode(is_lone_surrogate ? 0xfffd : code, ret_bytes);
}

/* The next piece of a string's content: a run without escapes, pointed to in the text, or one decoded escape
 * in `space`. False at the end. */
static bool next_piece(const char **at, const char *end, char space[UTF8_MAX_BYTES], const char **ret_piece,
                       size_t *ret_len) {
    if (*at == end)
        return false;
    if (**at == '\\') {
        *ret_len = decode_escape(at, end, space);
        *ret_piece = space;
        return true;
    }
    const char *backslash = memchr(*at, '\\', (size_t)(end - *at));
    const char *stop = backslash ? backslash : end;
    *ret_piece = *at;
    *ret_len = (size_t)(stop - *at);
    *at = stop;
    return true;
}

bool json_append_string(struct json_value value, struct buf *buf) {
    if (!is_type(value, JSON_STRING))
        return false;
    const char *at = value.doc->text + token_of(value)->start;
    const char *end = value.doc->text + token_of(value)->end;
    char space[UTF8_MAX_BYTES];
    const char *piece;
    size_t len;
    while (next_piece(&at, end, space, &piece, &len))
        if (!buf_append(buf, piece, len))
            return false;
    return true;
}

char *json_string(struct json_value value) {
    if (!is_type(value, JSON_STRING))
        return NULL;
    /* No escape is shorter than what it stands for. */
    struct buf buf;
    buf_init(&buf, token_of(value)->end - token_of(value)->start);
    json_append_string(value, &buf);
    bool has_nul = buf.len > 0 && memchr(buf.data, '\0', buf.len);
    char *text = has_nul ? NULL : buf_take(&buf);
    buf_done(&buf);
    return text;
}

bool json_string_is(struct json_value value, const char *text) {
    if (!is_type(value, JSON_STRING))
        return false;
    const char *at = value.doc->text + token_of(value)->start;
    const char *end = value.doc->text + token_of(value)->end;
    size_t left = strlen(text);
    char space[UTF8_MAX_BYTES];
    const char *piece;
    size_t len;
    while (next_piece(&at, end, space, &piece, &len)) {
        if (len > left || memcmp(piece, text, len) != 0)
            return false;
        text += len;
        left -= len;
    }
    return left == 0;
}

/* An exponent's value, held within what a text of 4 GiB can make up for. */
static int64_t read_exponent(const char *at, const char *end) {
    const int64_t most = 1ll << 40;
    bool is_negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    int64_t value = 0;
    for (; at < end; at++)
        if (value < most)
            value = value * 10 + (*at - '0');
    return is_negative ? -value : value;
}

bool json_integer(struct json_value value, int64_t *ret_number) {
    if (!is_type(value, JSON_NUMBER))
        return false;
    const char *at = value.doc->text + token_of(value)->start;
    const char *end = value.doc->text + token_of(value)->end;
    bool is_negative = *at == '-';
    if (is_negative)
        at++;

    /* The number is +-digits * 10^exponent. Zeros are held back until a digit follows them, so that trailing
     * ones go into the exponent and leading ones nowhere. */
    int64_t number = 0; /* kept negative: that side has one more */
    int64_t zeros = 0, exponent = 0;
    bool in_fraction = false;
    for (; at < end && (*at | 0x20) != 'e'; at++) {
        if (*at == '.') {
            in_fraction = true;
            continue;
        }
        exponent -= in_fraction;
        zeros++;
        if (*at == '0')
            continue;
        for (; number != 0 && zeros > 0; zeros--)
            if (__builtin_mul_overflow(number, 10, &number))
                return false;
        zeros = 0;
        if (__builtin_sub_overflow(number, *at - '0', &number))
            return false;
    }
    if (at < end)
        exponent += read_exponent(at + 1, end);
    exponent += zeros;

    if (number == 0) {
        *ret_number = 0;
        return true;
    }
    if (exponent < 0)
        return false;
    for (; exponent > 0; exponent--)
        if (__builtin_mul_overflow(number, 10, &number))
            return false;
    if (!is_negative && __builtin_sub_overflow((int64_t)0, number, &number))
        return false;
    *ret_number = number;
    return true;
}

const char *json_raw(struct json_value value, size_t *ret_len) {
    const struct json_token *token = token_of(value);
    size_t quote = token->type == JSON_STRING;
    *ret_len = token->end - token->start + 2 * quote;
    return value.doc->text + token->start - quote;
}
