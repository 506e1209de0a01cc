/* A form of the query protocol as the JSON that the same request is in a JSON protocol:
 *
 *     Attribute.1.Name=DelaySeconds&Attribute.1.Value=5   ->   {"Attributes":{"DelaySeconds":"5"}}
 *
 * by the table of the operation's members, where `wire` is a member's name in forms (NULL: its own). Lists
 * and maps are flattened; the `wire` of a map's key and item are the names of its two parts. Parameters that
 * the table does not know are ignored, as everywhere. Source: AWS query protocol of Smithy. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/constraint.h"

/* The most levels of a parameter's name: "Entry.1.MessageAttribute.1.Value.StringValue". */
#define FORM_MAX_DEPTH 8

/* `form` has spaces in place of '+', `json` a limit that fits the request. Numbers and booleans that are none
 * stay texts, for the check of types to refuse. ERR_SYNTAX for what is badly encoded or too deep. */
bool form_to_json(const struct constraint *members, const char *form, size_t len, struct buf *json,
                  struct err *err);
