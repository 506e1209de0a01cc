/* Tags as a value. Anybody may call it; a set belongs to one owner at a time. */
#include "model/tags.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/mem.h"

void tags_done(struct tags *tags) {
    for (size_t i = 0; i < tags->count; i++) {
        free(tags->items[i].key);
        free(tags->items[i].value);
    }
    free(tags->items);
    *tags = (struct tags){0};
}

struct tags tags_copy(const struct tags *tags) {
    struct tags copy = {.items = mem_alloc_array(tags->count, sizeof *copy.items), .count = tags->count};
    for (size_t i = 0; i < tags->count; i++)
        copy.items[i] = (struct tag){mem_text(tags->items[i].key), mem_text(tags->items[i].value)};
    return copy;
}

/* Index of the key, or the count. */
static size_t find(const struct tags *tags, const char *key) {
    size_t i = 0;
    while (i < tags->count && strcmp(tags->items[i].key, key) != 0)
        i++;
    return i;
}

/* Takes both texts. */
static void put(struct tags *tags, char *key, char *value) {
    size_t i = find(tags, key);
    if (i == tags->count) {
        tags->items = mem_resize(tags->items, (tags->count + 1) * sizeof *tags->items);
        tags->items[tags->count++] = (struct tag){0};
    }
    free(tags->items[i].key);
    free(tags->items[i].value);
    tags->items[i].key = key;
    tags->items[i].value = value;
}

/* Stops one past the limit. */
static bool put_all(struct tags *tags, struct json_value map, struct err *err) {
    struct json_value json_key, json_value;
    for (uint32_t cursor = 0; json_each(map, &cursor, &json_key, &json_value);) {
        char *key = json_string(json_key);
        char *value = json_string(json_value);
        if (!key || !value || strncasecmp(key, "aws:", 4) == 0) {
            bool is_reserved = key && value;
            free(key);
            free(value);
            return is_reserved ? err_set(err, ERR_PARAMETER,
                                         "aws: prefixed tag key names are not allowed for external use.")
                               : err_set(err, ERR_PARAMETER, "Tag keys and values must be texts.");
        }
        put(tags, key, value);
        if (tags->count > LIMIT_TAGS)
            return err_set(err, ERR_PARAMETER, "Number of tags exceeds resource tag limit.");
    }
    return true;
}

bool tags_add(struct tags *tags, struct json_value map, struct err *err) {
    if (json_size(map) == 0)
        return err_set(err, ERR_PARAMETER, "An error occurred and the request cannot be processed.");
    struct tags changed = tags_copy(tags);
    if (!put_all(&changed, map, err)) {
        tags_done(&changed);
        return false;
    }
    tags_done(tags);
    *tags = changed;
    return true;
}

void tags_remove(struct tags *tags, const char *key) {
    size_t i = find(tags, key);
    if (i == tags->count)
        return;
    free(tags->items[i].key);
    free(tags->items[i].value);
    tags->count--;
    memmove(&tags->items[i], &tags->items[i + 1], (tags->count - i) * sizeof *tags->items);
}

void tags_encode(const struct tags *tags, struct buf *buf) {
    struct json_writer writer;
    json_writer_init(&writer, buf);
    json_open_object(&writer);
    for (size_t i = 0; i < tags->count; i++)
        json_put_member(&writer, tags->items[i].key, tags->items[i].value);
    json_close_object(&writer);
}

bool tags_decode(const char *text, struct tags *ret_tags, struct err *err) {
    struct json_doc doc;
    if (strcmp(text, "{}") == 0) { /* of most functions */
        *ret_tags = (struct tags){0};
        return true;
    }
    if (!json_parse(&doc, text, strlen(text), 2 * LIMIT_TAGS + 1, NULL))
        return err_set(err, ERR_CORRUPT, "Stored tags can't be read");
    struct tags tags = {0};
    struct json_value root = json_root(&doc);
    bool decoded = json_type_of(root) == JSON_OBJECT && put_all(&tags, root, NULL);
    json_doc_done(&doc);
    if (!decoded) {
        tags_done(&tags);
        return err_set(err, ERR_CORRUPT, "Stored tags can't be read");
    }
    *ret_tags = tags;
    return true;
}
