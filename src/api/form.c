/* See form.h. The parameters are sorted by their names, segment by segment and numbers as numbers, so that
 * what belongs together lies together: each level of the table walks its own range once. */
#include "api/form.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "http/request.h"

struct parameter {
    const char *segments[FORM_MAX_DEPTH]; /* of the name */
    size_t depth;
    const char *value;
    size_t number; /* its place in the form: of equal names the first counts */
};

/* Those that begin with the same `depth` segments. */
struct range {
    const struct parameter *items;
    size_t count;
    size_t depth;
};

static size_t count_parameters(const char *form, size_t len) {
    size_t count = 1;
    for (size_t i = 0; i < len; i++)
        count += form[i] == '&';
    return count;
}

/* Decodes into *end, which has room for it, and moves that on. */
static char *decode(struct http_text text, char **end) {
    char *start = *end;
    if (!http_percent_decode(text, start, text.len + 1))
        return NULL;
    *end += strlen(start) + 1;
    return start;
}

static bool split(struct parameter *parameter, char *name) {
    parameter->depth = 0;
    for (char *rest = name; rest;) {
        if (parameter->depth == FORM_MAX_DEPTH)
            return false;
        parameter->segments[parameter->depth++] = strsep(&rest, ".");
    }
    return true;
}

static bool read_parameters(const char *form, size_t len, struct parameter *parameters, size_t *ret_count,
                            char *space, struct err *err) {
    struct http_text rest = {form, len};
    struct http_text name, value;
    size_t count = 0;
    while (http_query_next(&rest, &name, &value)) {
        char *text = decode(name, &space);
        parameters[count].value = text ? decode(value, &space) : NULL;
        parameters[count].number = count;
        if (!parameters[count].value)
            return err_set(err, ERR_SYNTAX, "A parameter of the request is badly encoded.");
        if (split(&parameters[count], text))
            count++;
    }
    *ret_count = count;
    return true;
}

/* ---- order ---- */

static bool is_number(const char *text) {
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits < 10 && text[digits] == '\0';
}

/* Numbers first: an order of all must not depend on which two are compared. */
static int compare_segments(const char *a, const char *b) {
    bool is_a_number = is_number(a);
    if (is_a_number != is_number(b))
        return is_a_number ? -1 : 1;
    if (!is_a_number)
        return strcmp(a, b);
    long difference = strtol(a, NULL, 10) - strtol(b, NULL, 10);
    return difference ? (difference > 0) - (difference < 0) : strcmp(a, b);
}

static int compare(const void *left, const void *right) {
    const struct parameter *a = left;
    const struct parameter *b = right;
    for (size_t i = 0; i < a->depth && i < b->depth; i++) {
        int order = compare_segments(a->segments[i], b->segments[i]);
        if (order)
            return order;
    }
    if (a->depth != b->depth)
        return a->depth < b->depth ? -1 : 1;
    return a->number < b->number ? -1 : 1;
}

/* Cuts those off that have the same next segment. A parameter that ends here is not of any. */
static bool next_group(struct range *range, struct range *ret_group) {
    while (range->count > 0 && range->items[0].depth == range->depth) {
        range->items++;
        range->count--;
    }
    if (range->count == 0)
        return false;
    size_t count = 1;
    while (count < range->count &&
           strcmp(range->items[count].segments[range->depth], range->items[0].segments[range->depth]) == 0)
        count++;
    *ret_group = (struct range){range->items, count, range->depth + 1};
    range->items += count;
    range->count -= count;
    return true;
}

static const char *name_of(const struct range *group) {
    return group->items[0].segments[group->depth - 1];
}

/* ---- writing ---- */

static void write_value(struct json_writer *json, const struct constraint *constraint, struct range range);

static const char *wire_of(const struct constraint *member) {
    return member->wire ? member->wire : member->name;
}

static void write_members(struct json_writer *json, const struct constraint *members, struct range range) {
    struct range group;
    while (next_group(&range, &group))
        for (const struct constraint *member = members; member->name; member++)
            if (strcmp(wire_of(member), name_of(&group)) == 0) {
                json_key(json, member->name);
                write_value(json, member, group);
            }
}

static void write_list(struct json_writer *json, const struct constraint *list, struct range range) {
    struct range group;
    json_open_array(json);
    while (next_group(&range, &group))
        if (is_number(name_of(&group)))
            write_value(json, list->item, group);
    json_close_array(json);
}

/* The part of a map's entry that has this name; NULL when it is missing. */
static bool find_part(struct range entry, const char *name, struct range *ret_part) {
    while (next_group(&entry, ret_part))
        if (strcmp(name_of(ret_part), name) == 0)
            return true;
    return false;
}

static void write_map(struct json_writer *json, const struct constraint *map, struct range range) {
    struct range entry, key, value;
    json_open_object(json);
    while (next_group(&range, &entry)) {
        if (!is_number(name_of(&entry)) || !find_part(entry, map->key->wire, &key) ||
            key.items[0].depth != key.depth)
            continue;
        json_key(json, key.items[0].value);
        if (find_part(entry, map->item->wire, &value))
            write_value(json, map->item, value);
        else
            json_put_null(json);
    }
    json_close_object(json);
}

static void write_scalar(struct json_writer *json, const struct constraint *constraint, struct range range) {
    const char *text = range.items[0].value;
    int64_t number;
    if (range.items[0].depth != range.depth)
        json_put_null(json);
    else if (constraint->type == CONSTRAINT_INTEGER && constraint_read_integer(text, &number))
        json_put_integer(json, number);
    else if (constraint->type == CONSTRAINT_BOOLEAN && strcmp(text, "true") == 0)
        json_put_bool(json, true);
    else if (constraint->type == CONSTRAINT_BOOLEAN && strcmp(text, "false") == 0)
        json_put_bool(json, false);
    else
        json_put_string(json, text);
}

static void write_value(struct json_writer *json, const struct constraint *constraint, struct range range) {
    switch (constraint->type) {
    case CONSTRAINT_LIST: write_list(json, constraint, range); break;
    case CONSTRAINT_MAP: write_map(json, constraint, range); break;
    case CONSTRAINT_STRUCT:
        json_open_object(json);
        write_members(json, constraint->members, range);
        json_close_object(json);
        break;
    case CONSTRAINT_TEXT:
    case CONSTRAINT_BLOB:
    case CONSTRAINT_INTEGER:
    case CONSTRAINT_DOUBLE:
    case CONSTRAINT_BOOLEAN: write_scalar(json, constraint, range); break;
    }
}

bool form_to_json(const struct constraint *members, const char *form, size_t len, struct buf *json,
                  struct err *err) {
    size_t count = count_parameters(form, len);
    OWN_MEM struct parameter *parameters = mem_alloc_array(count, sizeof *parameters);
    OWN_MEM char *space = mem_alloc(len + 2 * count);
    if (!read_parameters(form, len, parameters, &count, space, err))
        return false;
    qsort(parameters, count, sizeof *parameters, compare);
    struct json_writer writer;
    json_writer_init(&writer, json);
    json_open_object(&writer);
    write_members(&writer, members, (struct range){parameters, count, 0});
    json_close_object(&writer);
    return buf_ok(json) || err_set(err, ERR_SYNTAX, "The request is too long.");
}
