/* The tags of a function: a small map of texts, its rules, and its stored form (a JSON object). Source:
 * Lambda API, Tags; messages recorded from the service. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

struct tag {
    char *key;
    char *value;
};

/* Starts as {0}. Owns its texts; keys are distinct. */
struct tags {
    struct tag *items;
    size_t count;
};

void tags_done(struct tags *tags);
struct tags tags_copy(const struct tags *tags);

/* Adds or replaces the members of a request's Tags map, whose constraints were checked. ERR_PARAMETER when
 * the map is empty, when a key begins with "aws:", and when more than 50 tags would be there; `tags` is then
 * as before. */
bool tags_add(struct tags *tags, struct json_value map, struct err *err);

/* A key that isn't there is fine. */
void tags_remove(struct tags *tags, const char *key);

/* Writes a JSON object / reads what was written (ERR_CORRUPT). */
void tags_encode(const struct tags *tags, struct buf *buf);
bool tags_decode(const char *text, struct tags *ret_tags, struct err *err);
