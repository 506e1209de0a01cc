/* See aliases.h. An alias is one block with its texts behind it. */
#include "api/lambda/aliases.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

#define ALIAS_TOKENS 32

struct alias *alias_new(const char *name, const char *description) {
    size_t name_bytes = strlen(name) + 1;
    size_t description_bytes = strlen(description) + 1;
    struct alias *alias = mem_alloc(sizeof *alias + name_bytes + description_bytes);
    char *texts = (char *)(alias + 1);
    alias->name = memcpy(texts, name, name_bytes);
    alias->description = memcpy(texts + name_bytes, description, description_bytes);
    ident_uuid(alias->revision_id);
    return alias;
}

struct alias *alias_revise(const struct alias *alias, const char *description) {
    struct alias *next = alias_new(alias->name, description ? description : alias->description);
    memcpy(next->version, alias->version, sizeof next->version);
    memcpy(next->other_version, alias->other_version, sizeof next->other_version);
    next->other_weight = alias->other_weight;
    return next;
}

void alias_free(struct alias *alias) {
    free(alias);
}

bool alias_uses(const struct alias *alias, const char *version) {
    return strcmp(alias->version, version) == 0 || strcmp(alias->other_version, version) == 0;
}

const char *alias_pick(const struct alias *alias) {
    if (!alias->other_version[0])
        return alias->version;
    uint64_t bits;
    ident_random(&bits, sizeof bits);
    double drawn = (double)(bits >> 11) * 0x1p-53; /* 0 <= drawn < 1 */
    return drawn < alias->other_weight ? alias->other_version : alias->version;
}

/* ---- of one function ---- */

size_t aliases_count(const struct aliases *aliases) {
    return aliases ? aliases->count : 0;
}

size_t aliases_after(const struct aliases *aliases, const char *after) {
    size_t low = 0;
    size_t high = aliases_count(aliases);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(aliases->items[middle]->name, after) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The name's own place lies before that of what is behind it. */
static bool is_at(const struct aliases *aliases, size_t after, const char *name) {
    return after > 0 && strcmp(aliases->items[after - 1]->name, name) == 0;
}

const struct alias *aliases_find(const struct aliases *aliases, const char *name) {
    size_t after = aliases_after(aliases, name);
    return is_at(aliases, after, name) ? aliases->items[after - 1] : NULL;
}

void aliases_put(struct aliases **aliases, struct alias *alias) {
    size_t after = aliases_after(*aliases, alias->name);
    if (is_at(*aliases, after, alias->name)) {
        alias_free((*aliases)->items[after - 1]);
        (*aliases)->items[after - 1] = alias;
        return;
    }
    size_t count = aliases_count(*aliases);
    *aliases = mem_resize(*aliases, sizeof **aliases + (count + 1) * sizeof alias);
    struct alias **at = (*aliases)->items + after;
    memmove(at + 1, at, (count - after) * sizeof *at);
    *at = alias;
    (*aliases)->count = count + 1;
}

void aliases_remove(struct aliases **aliases, const char *name) {
    size_t after = aliases_after(*aliases, name);
    if (!is_at(*aliases, after, name))
        return;
    struct alias **at = (*aliases)->items + after;
    alias_free(at[-1]);
    memmove(at - 1, at, ((*aliases)->count - after) * sizeof *at);
    if (--(*aliases)->count == 0)
        free(take_ptr(*aliases));
}

void aliases_free(struct aliases *aliases) {
    for (size_t i = 0; i < aliases_count(aliases); i++)
        alias_free(aliases->items[i]);
    free(aliases);
}

/* ---- as JSON ---- */

/* The shortest text that reads as the same number, with a fraction in any case, as the service writes it. */
static void format_weight(double weight, char text[ALIAS_WEIGHT_BYTES]) {
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, ALIAS_WEIGHT_BYTES - 2, "%.*g", digits, weight);
        if (strtod(text, NULL) == weight)
            break;
    }
    if (!strpbrk(text, ".e"))
        memcpy(text + strlen(text), ".0", sizeof ".0");
}

void alias_write_routing(const struct alias *alias, struct json_writer *writer) {
    if (!alias->other_version[0])
        return;
    char weight[ALIAS_WEIGHT_BYTES];
    format_weight(alias->other_weight, weight);
    json_key(writer, "RoutingConfig");
    json_open_object(writer);
    json_key(writer, "AdditionalVersionWeights");
    json_open_object(writer);
    json_key(writer, alias->other_version);
    json_put_raw(writer, weight, strlen(weight));
    json_close_object(writer);
    json_close_object(writer);
}

static double read_number(struct json_value value) {
    size_t len;
    const char *raw = json_raw(value, &len);
    OWN_MEM char *text = mem_copy_text(raw, len);
    return strtod(text, NULL);
}

bool alias_read_routing(struct json_value weights, struct alias *alias) {
    uint32_t cursor = 0;
    struct json_value key, weight;
    alias->other_version[0] = '\0';
    alias->other_weight = 0;
    if (!json_each(weights, &cursor, &key, &weight))
        return true;
    OWN_MEM char *version = json_string(key);
    if (!version || strlen(version) >= sizeof alias->other_version)
        return false;
    memcpy(alias->other_version, version, strlen(version) + 1);
    alias->other_weight = read_number(weight);
    return true;
}

void alias_encode(const struct alias *alias, struct buf *buf) {
    struct json_writer writer;
    json_writer_init(&writer, buf);
    json_open_object(&writer);
    json_put_member(&writer, "Description", alias->description);
    json_put_member(&writer, "FunctionVersion", alias->version);
    json_put_member(&writer, "RevisionId", alias->revision_id);
    alias_write_routing(alias, &writer);
    json_close_object(&writer);
}

/* False when there is no text or it is too long. */
static bool copy_text(struct json_value root, const char *name, char *text, size_t size) {
    OWN_MEM char *value = json_string(json_member(root, name));
    if (!value || strlen(value) >= size)
        return false;
    memcpy(text, value, strlen(value) + 1);
    return true;
}

static struct alias *decode(const char *name, struct json_value root) {
    OWN_MEM char *description = json_string(json_member(root, "Description"));
    if (!description)
        return NULL;
    struct alias *alias = alias_new(name, description);
    struct json_value routing = json_member(root, "RoutingConfig");
    if (copy_text(root, "FunctionVersion", alias->version, sizeof alias->version) &&
        copy_text(root, "RevisionId", alias->revision_id, sizeof alias->revision_id) &&
        alias_read_routing(json_member(routing, "AdditionalVersionWeights"), alias))
        return alias;
    alias_free(alias);
    return NULL;
}

bool alias_decode(const char *name, const char *document, struct alias **ret_alias, struct err *err) {
    struct json_doc doc;
    struct alias *alias = NULL;
    if (json_parse(&doc, document, strlen(document), ALIAS_TOKENS, NULL)) {
        alias = decode(name, json_root(&doc));
        json_doc_done(&doc);
    }
    if (!alias)
        return err_set(err, ERR_CORRUPT, "the stored alias %s is not what was written", name);
    *ret_alias = alias;
    return true;
}
