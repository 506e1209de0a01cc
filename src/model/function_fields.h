/* The fields of struct function as a table: what copying, comparing and storing have in common. For
 * function_fields.c and function_stored.c alone. */
#pragma once

#include "model/function.h"

enum function_field_kind {
    FIELD_TEXT,   /* shared text */
    FIELD_INNER,  /* char array in the struct */
    FIELD_REASON, /* FUNCTION_REASON_... or NULL */
    FIELD_SMALL,  /* uint32_t */
    FIELD_LARGE,  /* int64_t, or uint64_t below its limit */
    FIELD_FLAG,   /* bool */
    FIELD_WORD,   /* enum with names */
    FIELD_VARIABLES,
    FIELD_LAYERS,
};

struct function_field {
    const char *name;
    char key; /* in the stored form */
    enum function_field_kind kind;
    size_t offset;
    size_t size;              /* of FIELD_INNER */
    const char *const *names; /* of FIELD_WORD, by value */
    unsigned name_count;
    bool is_configuration; /* publishing asks whether it is the same */
    bool is_required;      /* no stored function is without it */
};

extern const struct function_field function_fields[];
extern const size_t function_field_count;

static inline void *field_of(struct function *function, const struct function_field *field) {
    return (char *)function + field->offset;
}

static inline const void *field_in(const struct function *function, const struct function_field *field) {
    return (const char *)function + field->offset;
}

/* The pointer of a shared field. */
static inline const void *field_shared(const struct function *function, const struct function_field *field) {
    return *(const void *const *)field_in(function, field);
}
