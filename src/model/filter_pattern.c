/* See filter_pattern.h. Patterns have at most 4,096 characters, so that their depth is bounded by the
 * reader's and their tokens by the text. */
#include "model/filter_pattern.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"

#define MAX_TOKENS 4096

static bool is_text(struct json_value value) {
    return json_type_of(value) == JSON_STRING;
}

static bool is_scalar(struct json_value value) {
    enum json_type type = json_type_of(value);
    return type != JSON_ARRAY && type != JSON_OBJECT;
}

static bool is_boolean(struct json_value value) {
    return json_type_of(value) == JSON_TRUE || json_type_of(value) == JSON_FALSE;
}

/* A list of texts or numbers, or one of them alone. */
static bool is_exclusion(struct json_value value) {
    if (json_type_of(value) != JSON_ARRAY)
        return is_text(value) || json_type_of(value) == JSON_NUMBER;
    struct json_value item;
    for (uint32_t cursor = 0; json_each(value, &cursor, NULL, &item);)
        if (!is_text(item) && json_type_of(item) != JSON_NUMBER)
            return false;
    return json_size(value) > 0;
}

static bool is_relation(struct json_value value) {
    static const char *const relations[] = {"=", "<", "<=", ">", ">="};
    for (size_t i = 0; i < sizeof relations / sizeof relations[0]; i++)
        if (json_string_is(value, relations[i]))
            return true;
    return false;
}

/* [">", 10] or [">", 10, "<=", 20] */
static bool is_range(struct json_value value) {
    if (json_type_of(value) != JSON_ARRAY || (json_size(value) != 2 && json_size(value) != 4))
        return false;
    struct json_value item;
    bool wants_relation = true;
    for (uint32_t cursor = 0; json_each(value, &cursor, NULL, &item); wants_relation = !wants_relation)
        if (wants_relation ? !is_relation(item) : json_type_of(item) != JSON_NUMBER)
            return false;
    return true;
}

static const struct {
    const char *name;
    bool (*takes)(struct json_value value);
} operators[] = {
    {"anything-but", is_exclusion},
    {"equals-ignore-case", is_text},
    {"exists", is_boolean},
    {"numeric", is_range},
    {"prefix", is_text},
    {"suffix", is_text},
};

static bool is_operator(struct json_value object) {
    struct json_value key, value;
    uint32_t cursor = 0;
    if (json_size(object) != 1 || !json_each(object, &cursor, &key, &value))
        return false;
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++)
        if (json_string_is(key, operators[i].name))
            return operators[i].takes(value);
    return false;
}

static bool is_leaf(struct json_value list) {
    struct json_value item;
    for (uint32_t cursor = 0; json_each(list, &cursor, NULL, &item);)
        if (!is_scalar(item) && (json_type_of(item) != JSON_OBJECT || !is_operator(item)))
            return false;
    return json_size(list) > 0;
}

static bool is_node(struct json_value object);

static bool is_alternatives(struct json_value list) {
    struct json_value item;
    for (uint32_t cursor = 0; json_each(list, &cursor, NULL, &item);)
        if (json_type_of(item) != JSON_OBJECT || !is_node(item))
            return false;
    return json_size(list) > 0;
}

static bool is_node(struct json_value object) {
    struct json_value key, value;
    for (uint32_t cursor = 0; json_each(object, &cursor, &key, &value);) {
        enum json_type type = json_type_of(value);
        bool is_fine = type == JSON_OBJECT          ? is_node(value)
                       : type != JSON_ARRAY         ? false
                       : json_string_is(key, "$or") ? is_alternatives(value)
                                                    : is_leaf(value);
        if (!is_fine)
            return false;
    }
    return json_size(object) > 0;
}

bool filter_pattern_is_valid(const char *text, size_t len) {
    struct json_doc doc;
    if (!json_parse(&doc, text, len, MAX_TOKENS, NULL))
        return false;
    struct json_value root = json_root(&doc);
    bool is_valid = json_type_of(root) == JSON_OBJECT && is_node(root);
    json_doc_done(&doc);
    return is_valid;
}
