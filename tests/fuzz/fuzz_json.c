/* Any bytes into base/json. What must hold: the checker and the reader agree; a fault has words and a place
 * within the text; a tree covers what it says; a string that is read, written and read again is the same; a
 * cut text never crashes. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"

#define MAX_TOKENS 100000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_utf8(const char *text, size_t len) {
    for (size_t at = 0; at < len;) {
        size_t size = utf8_sequence(text + at, len - at);
        assert(size > 0);
        at += size;
    }
}

static void check_fault(const struct json_fault *fault, const char *text, size_t len) {
    size_t lines = 1;
    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n' || text[i] == '\r';
    assert(fault->text[0] != '\0');
    check_utf8(fault->text, strlen(fault->text));
    assert(fault->offset <= len);
    assert(fault->line >= 1 && fault->line <= lines);
    assert(fault->column <= len + 1);
}

static void check_string(struct json_value value) {
    struct buf text, json, again;
    buf_init(&text, SIZE_MAX);
    buf_init(&json, SIZE_MAX);
    buf_init(&again, SIZE_MAX);
    assert(json_append_string(value, &text));
    check_utf8(buf_text(&text), text.len);

    struct json_writer writer;
    json_writer_init(&writer, &json);
    json_put_string_bytes(&writer, buf_text(&text), text.len);
    struct json_doc doc;
    assert(json_parse(&doc, buf_text(&json), json.len, 1, NULL));
    assert(json_append_string(json_root(&doc), &again));
    assert(again.len == text.len && memcmp(buf_text(&again), buf_text(&text), text.len) == 0);
    json_doc_done(&doc);

    bool has_nul = memchr(buf_text(&text), '\0', text.len) != NULL;
    char *copy = json_string(value);
    assert((copy == NULL) == has_nul);
    assert(has_nul || json_string_is(value, copy));
    free(copy);
    buf_done(&text);
    buf_done(&json);
    buf_done(&again);
}

/* Every value's own bytes are JSON again, and containers hold as many values as they say. */
static void check_value(struct json_value value) {
    size_t len;
    const char *raw = json_raw(value, &len);
    if (len < 4096)
        assert(json_check(raw, len, NULL));
    if (json_type_of(value) == JSON_STRING)
        check_string(value);
    int64_t number;
    if (json_integer(value, &number))
        assert(json_type_of(value) == JSON_NUMBER);

    uint32_t cursor = 0, count = 0;
    struct json_value key, item;
    while (json_each(value, &cursor, &key, &item)) {
        count++;
        assert(json_is_present(key) == (json_type_of(value) == JSON_OBJECT));
        if (json_is_present(key))
            assert(json_type_of(key) == JSON_STRING);
    }
    assert(count == json_size(value));
}

/* What the writer makes of any bytes is JSON. */
static void check_written(const char *text, size_t len) {
    struct buf json;
    buf_init(&json, SIZE_MAX);
    struct json_writer writer;
    json_writer_init(&writer, &json);
    json_open_object(&writer);
    json_key(&writer, "text");
    json_put_string_bytes(&writer, text, len);
    json_close_object(&writer);
    assert(json_check(buf_text(&json), json.len, NULL));
    buf_done(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    /* A block of just this size: reading past it is seen. */
    char *text = mem_copy(data, size);
    struct json_fault fault;
    bool is_valid = json_check(text, size, &fault);
    assert(is_valid == json_check(text, size, NULL));
    if (!is_valid)
        check_fault(&fault, text, size);

    struct json_doc doc;
    struct err err;
    bool is_parsed = json_parse(&doc, text, size, MAX_TOKENS, &err);
    assert(is_parsed == is_valid || (is_valid && err.code == ERR_LIMIT));
    assert(is_parsed || is_valid || err.code == ERR_SYNTAX);
    if (is_parsed) {
        for (uint32_t i = 0; i < doc.count; i++)
            check_value((struct json_value){.doc = &doc, .index = i});
        json_doc_done(&doc);
    }
    check_written(text, size);
    free(text);
    return 0;
}
