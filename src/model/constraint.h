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

    /* Decides by hand where the match is on a hot path; NULL: the expression itself is run (PCRE2), with a
     * bound on the work. */
    bool (*matches)(const char *text, size_t len);
};

/* Where in the request a member is sent. */
enum constraint_place {
    CONSTRAINT_IN_BODY,
    CONSTRAINT_IN_PATH,
    CONSTRAINT_IN_QUERY,
    CONSTRAINT_IN_HEADER,
    CONSTRAINT_IS_BODY, /* the body itself: a payload, which is not looked into */
};

#define CONSTRAINT_NO_MAX INT64_MAX

struct constraint {
    /* As in the request, "MemorySize"; reports begin it in lower case. NULL for keys and items. */
    const char *name;
    enum constraint_type type;
    enum constraint_place place; /* of the members of a request; others are in what they are a part of */
    const char *wire;            /* label of the path, query parameter or header (lower case) */
    bool required;
    bool sensitive; /* the value is left out of reports */
    int64_t min;    /* of the size; both count when max is not 0 */
    int64_t max;    /* CONSTRAINT_NO_MAX: `min` alone counts */
    const struct constraint_pattern *pattern;

    /* An enumeration, ended by NULL, in the order of reports. Of a list: for each of its items, and reported
     * as if it were a rule of the list. */
    const char *const *values;

    const struct constraint *key;     /* of a map */
    const struct constraint *item;    /* of a list; the value of a map */
    const struct constraint *members; /* of a structure, ended by one without name */
};

/* What was sent for a member outside of the body: none, one text, or several for a list in the query. */
struct constraint_texts {
    const char *const *items;
    size_t count;
};

/* Checks a whole request in the order of its members: first that every known member has its type (ERR_SYNTAX
 * in the service's words; unknown members of the body are ignored, null is absent), then all constraints,
 * which go to `violations`. `texts` has one entry for each member; those of members in the body are not
 * looked at. An absent body has no members. A FunctionName in the path that breaks a rule is reported alone,
 * as the service does. */
bool constraint_check_request(const struct constraint *members, const struct constraint_texts *texts,
                              struct json_value body, struct violations *violations, struct err *err);

/* A value that was checked as JSON of our own: what the table knows of it, without members that are null,
 * each once. */
void constraint_write(const struct constraint *constraint, struct json_value value,
                      struct json_writer *writer);

/* The types alone, for a single value. */
bool constraint_check_types(const struct constraint *constraint, struct json_value value, struct err *err);

/* The same for a text from path, query or header. *ret_number is written for integers and doubles. */
bool constraint_check_text_type(const struct constraint *constraint, const char *text, double *ret_number,
                                struct err *err);

/* The whole number that a text from path, query or header says; false when it is none. */
bool constraint_read_integer(const char *text, int64_t *ret_number);

/* A text from path, query or header; NULL when it was not sent. */
void constraint_check_text(const struct constraint *constraint, const char *text,
                           struct violations *violations);
