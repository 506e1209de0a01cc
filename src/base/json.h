/* JSON (RFC 8259): a strict checker, a reader over a parsed tree of tokens, and a writer.
 *
 * The checker walks bytes once and keeps nothing: it is what payloads of 6 MB pass through on the loop. The
 * reader is for bodies of the control plane: json_parse() makes one array of tokens that point into the
 * caller's text; nothing is copied until a string is asked for. Numbers keep their text, so that big ones
 * lose no digits. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Containers within containers: the bound of the parser behind AWS Lambda (Jackson's
 * StreamReadConstraints). */
#define JSON_MAX_DEPTH 1000

/* What is wrong with a text, in the words of that parser. The place is the one it names: the byte that could
 * not be accepted, or for some faults the one behind it. `line` and `column` count from 1. */
struct json_fault {
    size_t offset;
    size_t line;
    size_t column;
    char text[1024];
};

/* True when `text` is exactly one JSON value in valid UTF-8, with white space around it at most. `fault` may
 * be NULL. */
bool json_check(const char *text, size_t len, struct json_fault *fault);

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_token {
    enum json_type type;
    uint32_t start; /* of the raw text; inside the quotes for strings */
    uint32_t end;
    uint32_t size; /* members of an object, items of an array */
    uint32_t next; /* index of the token after this value and everything in it */
};

struct json_doc {
    const char *text; /* the caller's, must outlive the document */
    struct json_token *tokens;
    uint32_t count;
};

/* Parses at most `max_tokens` names and values. ERR_SYNTAX with the fault's whole message, ERR_LIMIT past a
 * bound. */
bool json_parse(struct json_doc *ret_doc, const char *text, size_t len, uint32_t max_tokens, struct err *err);
void json_doc_done(struct json_doc *doc);

/* A value in a document. `doc` NULL means absent: every reader below takes an absent value and says so. */
struct json_value {
    const struct json_doc *doc;
    uint32_t index;
};

struct json_value json_root(const struct json_doc *doc);
bool json_is_present(struct json_value value);
enum json_type json_type_of(struct json_value value); /* of a present value */

/* The last member of that name (as common parsers resolve duplicates); absent when there is none or not an
 * object. */
struct json_value json_member(struct json_value object, const char *name);

/* Walks members or items: start with *cursor = 0. `ret_key` may be NULL; it is the raw key as a string
 * value. */
bool json_each(struct json_value container, uint32_t *cursor, struct json_value *ret_key,
               struct json_value *ret_value);
uint32_t json_size(struct json_value container);

/* Decodes a string's escapes and appends UTF-8. A lone surrogate becomes U+FFFD. False past the buffer's
 * limit or when the value is no string. */
bool json_append_string(struct json_value value, struct buf *buf);

/* The same as fresh memory (caller frees); NULL unless it is a string without U+0000. */
char *json_string(struct json_value value);

/* True when the value is a string equal to `text`. */
bool json_string_is(struct json_value value, const char *text);

/* A number without fraction that fits; false otherwise. "1e3" and "1.0" are whole numbers too. */
bool json_integer(struct json_value value, int64_t *ret_number);

/* The value's bytes as they stand in the text. */
const char *json_raw(struct json_value value, size_t *ret_len);

/* Writer: appends to a buffer; commas are placed by it. Overflow is the buffer's. */
struct json_writer {
    struct buf *buf;
    bool needs_comma;
};

void json_writer_init(struct json_writer *writer, struct buf *buf);
void json_open_object(struct json_writer *writer);
void json_close_object(struct json_writer *writer);
void json_open_array(struct json_writer *writer);
void json_close_array(struct json_writer *writer);
void json_key(struct json_writer *writer, const char *key);
void json_put_string(struct json_writer *writer, const char *text);
void json_put_string_bytes(struct json_writer *writer, const char *text, size_t len);
void json_put_integer(struct json_writer *writer, int64_t number);
void json_put_bool(struct json_writer *writer, bool value);
void json_put_null(struct json_writer *writer);
void json_put_raw(struct json_writer *writer, const char *text, size_t len); /* must be JSON */

void json_put_value(struct json_writer *writer, struct json_value value); /* as it stands in its text */

/* key + string in one line; nothing when text is NULL. */
void json_put_member(struct json_writer *writer, const char *key, const char *text);
void json_put_member_integer(struct json_writer *writer, const char *key, int64_t number);

/* The same for a value; nothing when it is absent. */
void json_put_member_value(struct json_writer *writer, const char *key, struct json_value value);
