/* Constraints on the members of a request, as tables, and the service's report of everything that breaks
 * them: "2 validation errors detected: Value '0' at 'timeout' failed to satisfy constraint: Member must have
 * value greater than or equal to 1; Value null at 'role' failed to satisfy constraint: Member must not be
 * null" Source: the constraint traits of the Lambda service model; wording recorded from the service. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "model/violations.h"

enum constraint_type {
    CONSTRAINT_TEXT,    /* size: length in UTF-16 units */
    CONSTRAINT_BLOB,    /* base64 text; content and size are checked by whoever decodes it */
    CONSTRAINT_INTEGER, /* size: the value */
    CONSTRAINT_DOUBLE,
    CONSTRAINT_BOOLEAN,
    CONSTRAINT_LIST, /* size: number of items */
    CONSTRAINT_MAP,
    CONSTRAINT_STRUCT,
};

struct constraint_pattern {
    const char *text; /* the regular expression as the service prints it */
    bool (*matches)(const char *text, size_t len);
};

struct constraint {
    const char
        *name; /* as in the request, "MemorySize"; reports begin it in lower case. NULL for keys and items */
    enum constraint_type type;
    bool required;
    bool sensitive; /* the value is left out of reports */
    int64_t min;    /* of the size; both count when max is not 0 */
    int64_t max;
    const struct constraint_pattern *pattern;
    const char *const *values;        /* an enumeration, ended by NULL, in the order of reports */
    const struct constraint *key;     /* of a map */
    const struct constraint *item;    /* of a list; the value of a map */
    const struct constraint *members; /* of a structure, ended by one without name */
};

/* Checks a request body: first that every known member has its JSON type (ERR_SYNTAX in the service's words;
 * unknown members are ignored, null is absent), then all constraints, which go to `violations`. An absent
 * body has no members. */
bool constraint_check_body(const struct constraint *members, struct json_value body,
                           struct violations *violations, struct err *err);

/* The types alone, for a single value. */
bool constraint_check_types(const struct constraint *constraint, struct json_value value, struct err *err);

/* A text from path, query or header; NULL when it was not sent. */
void constraint_check_text(const struct constraint *constraint, const char *text,
                           struct violations *violations);

/* A list of texts from the query; 0 when it was not sent. */
void constraint_check_texts(const struct constraint *constraint, const char *const *texts, size_t count,
                            struct violations *violations);

/* An integer from the query. False (ERR_SYNTAX) when it is none; *ret_number is written when it is and breaks
 * no rule. */
bool constraint_check_integer(const struct constraint *constraint, const char *text, int64_t *ret_number,
                              struct violations *violations, struct err *err);
