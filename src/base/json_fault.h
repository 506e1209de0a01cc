/* Between json_check.c, which finds that a text is no JSON, and json_fault.c, which finds the words for it.
 * Nobody else includes this. */
#pragma once

#include "base/json.h"

/* Where the checker stopped. `at` of the scan is the byte it looked at (len at the end of the text), or the
 * first byte of the string or number that is broken. */
enum json_stop {
    JSON_STOP_NONE,        /* the text is valid */
    JSON_STOP_FIRST,       /* a value expected: at the root, or the first one of an array */
    JSON_STOP_VALUE,       /* a value expected: after a comma or colon */
    JSON_STOP_FIRST_NAME,  /* the first name of an object or its end expected */
    JSON_STOP_NAME,        /* a name expected after a comma */
    JSON_STOP_COLON,       /* a colon expected */
    JSON_STOP_AFTER,       /* a comma or the end of the container expected; at the root the end of the text */
    JSON_STOP_STRING,      /* a broken string value */
    JSON_STOP_NAME_STRING, /* a broken name */
    JSON_STOP_NUMBER,      /* a broken number */
    JSON_STOP_DEPTH,       /* one container too deep */
};

/* How that parser names its source since it stopped quoting it. Takes line and column, both size_t. */
#define JSON_FAULT_SOURCE                                                                                    \
    "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: %zu, column: %zu]"

struct json_scan {
    const unsigned char *text;
    size_t len;
    size_t at;
    size_t depth;
    size_t opens[JSON_MAX_DEPTH]; /* offsets of the { and [ that are open */
};

/* Only called for a stop that is not NONE, after a scan that ended there. */
void json_fault_explain(const struct json_scan *scan, enum json_stop stop, struct json_fault *ret_fault);
