/* Whether the values of a request have the JSON types of their members. The service finds this out while it
 * reads the body, before any constraint; constraint_check_body() does the same. */
#include <stdlib.h>
#include <string.h>

#include "model/constraint.h"

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
            if (!constraint_check_types(member, json_member(value, member->name), err))
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
