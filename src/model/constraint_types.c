/* Whether the values of a request have the JSON types of their members. The service finds this out while it
 * reads the body, before any constraint; constraint_check_request() does the same. */
#include "model/constraint.h"

#include <stdlib.h>
#include <string.h>

static const char *const type_words[] = {
    [CONSTRAINT_TEXT] = "a String",   [CONSTRAINT_BLOB] = "a Blob",       [CONSTRAINT_INTEGER] = "an Integer",
    [CONSTRAINT_DOUBLE] = "a Double", [CONSTRAINT_BOOLEAN] = "a Boolean", [CONSTRAINT_LIST] = "list",
    [CONSTRAINT_MAP] = "map",         [CONSTRAINT_STRUCT] = NULL,
};
static const char *const token_words[] = {
    [JSON_FALSE] = "FALSE_VALUE",
    [JSON_TRUE] = "TRUE_VALUE",
    [JSON_NUMBER] = "NUMBER_VALUE",
    [JSON_STRING] = "STRING_VALUE",
};

static bool refuse_type(const struct constraint *constraint, struct json_value value, struct err *err) {
    enum json_type found = json_type_of(value);
    if (found == JSON_ARRAY)
        return err_set(err, ERR_SYNTAX, "Start of list found where not expected");
    if (found == JSON_OBJECT)
        return err_set(err, ERR_SYNTAX, "Start of structure or map found where not expected.");
    if (constraint->type == CONSTRAINT_STRUCT)
        return err_set(err, ERR_SYNTAX, "Expected null");
    if (constraint->type == CONSTRAINT_LIST || constraint->type == CONSTRAINT_MAP)
        return err_set(err, ERR_SYNTAX, "Expected %s or null", type_words[constraint->type]);
    return err_set(err, ERR_SYNTAX, "%s can not be converted to %s", token_words[found],
                   type_words[constraint->type]);
}

static bool has_type(const struct constraint *constraint, struct json_value value) {
    enum json_type found = json_type_of(value);
    int64_t number;
    switch (constraint->type) {
    case CONSTRAINT_TEXT:
    case CONSTRAINT_BLOB: return found == JSON_STRING;
    case CONSTRAINT_INTEGER: return json_integer(value, &number);
    case CONSTRAINT_DOUBLE: return found == JSON_NUMBER;
    case CONSTRAINT_BOOLEAN: return found == JSON_TRUE || found == JSON_FALSE;
    case CONSTRAINT_LIST: return found == JSON_ARRAY;
    case CONSTRAINT_MAP:
    case CONSTRAINT_STRUCT: return found == JSON_OBJECT;
    }
    return false;
}

bool constraint_read_integer(const char *text, int64_t *ret_number) {
    struct json_doc doc;
    if (!json_parse(&doc, text, strlen(text), 1, NULL))
        return false;
    bool is_integer = json_integer(json_root(&doc), ret_number);
    json_doc_done(&doc);
    return is_integer;
}

static bool read_double(const char *text, double *ret_number) {
    struct json_doc doc;
    if (!json_parse(&doc, text, strlen(text), 1, NULL))
        return false;
    bool is_number = json_type_of(json_root(&doc)) == JSON_NUMBER;
    json_doc_done(&doc);
    if (is_number)
        *ret_number = strtod(text, NULL);
    return is_number;
}

bool constraint_check_text_type(const struct constraint *constraint, const char *text, double *ret_number,
                                struct err *err) {
    int64_t integer;
    bool has_type = true;
    if (constraint->type == CONSTRAINT_INTEGER) {
        has_type = constraint_read_integer(text, &integer);
        if (has_type)
            *ret_number = (double)integer;
    } else if (constraint->type == CONSTRAINT_DOUBLE) {
        has_type = read_double(text, ret_number);
    } else if (constraint->type == CONSTRAINT_BOOLEAN) {
        has_type = strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
    }
    return has_type || err_set(err, ERR_SYNTAX, "%s can not be converted to %s", token_words[JSON_STRING],
                               type_words[constraint->type]);
}

/* Texts become C strings: U+0000 would silently cut them. It can only be written as an escape. */
static bool check_no_nul(struct json_value text, struct err *err) {
    size_t len;
    const char *raw = json_raw(text, &len);
    if (!memmem(raw, len, "u0000", 5))
        return true;
    char *copy = json_string(text);
    free(copy);
    return copy != NULL || err_set(err, ERR_SYNTAX, "The character U+0000 is not allowed in a String");
}

bool constraint_check_types(const struct constraint *constraint, struct json_value value, struct err *err) {
    if (!json_is_present(value) || json_type_of(value) == JSON_NULL)
        return true;
    if (!has_type(constraint, value))
        return refuse_type(constraint, value, err);
    if (constraint->type == CONSTRAINT_TEXT)
        return check_no_nul(value, err);
    if (constraint->type == CONSTRAINT_STRUCT) {
        for (const struct constraint *member = constraint->members; member->name; member++)
            if (member->place == CONSTRAINT_IN_BODY &&
                !constraint_check_types(member, json_member(value, member->name), err))
                return false;
        return true;
    }
    if (!constraint->item)
        return true;
    struct json_value key, item;
    for (uint32_t cursor = 0; json_each(value, &cursor, &key, &item);)
        if ((json_is_present(key) && !check_no_nul(key, err)) ||
            !constraint_check_types(constraint->item, item, err))
            return false;
    return true;
}
