/* See input.h. All decoded texts lie in one block: decoding never makes a text longer. */
#include "api/input.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "api/operation.h"
#include "base/limits.h"
#include "base/mem.h"

/* The texts while they are being collected. */
struct collection {
    const struct http_request *request;
    const struct operation_match *match;
    struct http_text query; /* or the form */
    char *end;              /* of the texts in `space` */
    const char **items;     /* the next free place */
};

static size_t count_members(const struct constraint *members) {
    size_t count = 0;
    while (members && members[count].name)
        count++;
    return count;
}

static size_t count_parameters(struct http_text query) {
    size_t count = 1;
    for (size_t i = 0; i < query.len; i++)
        count += query.data[i] == '&';
    return count;
}

/* The label of the operation's path that has this name. */
static bool find_label(const struct operation_match *match, const char *name, struct http_text *ret_text) {
    size_t len = strlen(name);
    size_t index = 0;
    for (const char *at = strchr(match->operation->path, '{'); at; at = strchr(at + 1, '{'), index++)
        if (strncmp(at + 1, name, len) == 0 && at[1 + len] == '}') {
            *ret_text = match->labels[index];
            return true;
        }
    return false;
}

static bool keep(struct collection *collection, struct http_text text, const char *name, struct err *err) {
    if (!http_percent_decode(text, collection->end, text.len + 1))
        return err_set(err, ERR_VALIDATION, "The %s of the request is badly encoded.", name);
    *collection->items++ = collection->end;
    collection->end += strlen(collection->end) + 1;
    return true;
}

static bool keep_header(struct collection *collection, const char *name) {
    const struct http_text *value = http_header_get(collection->request, name);
    if (!value)
        return true;
    *collection->items++ = collection->end;
    memcpy(collection->end, value->data, value->len);
    collection->end[value->len] = '\0';
    collection->end += value->len + 1;
    return true;
}

/* Of a parameter that is no list the first value counts. */
static bool keep_query(struct collection *collection, const struct constraint *member, struct err *err) {
    struct http_text rest = collection->query;
    struct http_text name, value;
    while (http_query_next(&rest, &name, &value)) {
        if (!http_percent_is(name, member->wire))
            continue;
        if (!keep(collection, value, member->wire, err))
            return false;
        if (member->type != CONSTRAINT_LIST)
            return true;
    }
    return true;
}

static bool collect_member(struct collection *collection, const struct constraint *member, struct err *err) {
    struct http_text label;
    switch (member->place) {
    case CONSTRAINT_IN_PATH:
        return !find_label(collection->match, member->wire, &label) ||
               keep(collection, label, member->wire, err);
    case CONSTRAINT_IN_QUERY: return keep_query(collection, member, err);
    case CONSTRAINT_IN_HEADER: return keep_header(collection, member->wire);
    case CONSTRAINT_IN_BODY:
    case CONSTRAINT_IS_BODY: break;
    }
    return true;
}

/* Room for every label, parameter and header, each once. */
static size_t space_needed(const struct input *input, const struct collection *collection) {
    size_t bytes = collection->request->path.len + collection->query.len + 2 * input->member_count +
                   count_parameters(collection->query);
    for (size_t i = 0; i < input->member_count; i++) {
        const struct http_text *header = input->members[i].place == CONSTRAINT_IN_HEADER
                                             ? http_header_get(collection->request, input->members[i].wire)
                                             : NULL;
        bytes += header ? header->len + 1 : 0;
    }
    return bytes;
}

bool input_collect(struct input *input, const struct http_request *request,
                   const struct operation_match *match, struct err *err) {
    input->members = match->operation->members;
    input->member_count = count_members(input->members);
    struct collection collection = {.request = request, .match = match, .query = request->query};
    if (input->form)
        collection.query = (struct http_text){input->form, input->form_len};
    size_t item_count = input->member_count + count_parameters(collection.query);
    size_t texts_bytes = input->member_count * sizeof *input->texts;
    input->texts = mem_alloc(texts_bytes + item_count * sizeof(const char *) + 1);
    input->space = mem_alloc(space_needed(input, &collection));
    collection.items = (const char **)(void *)((char *)input->texts + texts_bytes);
    collection.end = input->space;
    for (size_t i = 0; i < input->member_count; i++) {
        const char **first = collection.items;
        if (!collect_member(&collection, &input->members[i], err))
            return false;
        input->texts[i] = (struct constraint_texts){first, (size_t)(collection.items - first)};
    }
    return true;
}

static bool has_body_members(const struct input *input) {
    for (size_t i = 0; i < input->member_count; i++)
        if (input->members[i].place == CONSTRAINT_IN_BODY)
            return true;
    return false;
}

bool input_check(struct input *input, struct err *err) {
    if (input->body_len && has_body_members(input)) {
        if (!json_parse(&input->doc, input->body, input->body_len, LIMIT_CONTROL_JSON_TOKENS, err))
            return false;
        input->root = json_root(&input->doc);
    }
    if (!input->members)
        return true;
    struct violations violations = {0};
    return constraint_check_request(input->members, input->texts, input->root, &violations, err) &&
           violations_finish(&violations, err);
}

void input_done(struct input *input) {
    json_doc_done(&input->doc);
    free(input->texts);
    free(input->space);
    free(input->body);
    free(input->form);
    *input = (struct input){0};
}

/* Asking for a member that the table does not have is a mistake of ours. */
const struct constraint_texts *input_texts(const struct input *input, const char *name) {
    size_t i = 0;
    while (i < input->member_count && strcmp(input->members[i].name, name) != 0)
        i++;
    assert(i < input->member_count);
    return &input->texts[i];
}

const char *input_text(const struct input *input, const char *name) {
    const struct constraint_texts *texts = input_texts(input, name);
    return texts->count ? texts->items[0] : NULL;
}

int64_t input_integer(const struct input *input, const char *name, int64_t fallback) {
    const char *text = input_text(input, name);
    int64_t number;
    return text && constraint_read_integer(text, &number) ? number : fallback;
}

struct json_value input_member(const struct input *input, const char *name) {
    struct json_value member = json_member(input->root, name);
    bool is_null = json_is_present(member) && json_type_of(member) == JSON_NULL;
    return is_null ? (struct json_value){0} : member;
}

char *input_form(const struct input *input, const char *name) {
    struct http_text rest = {input->form, input->form_len};
    struct http_text found, value;
    while (http_query_next(&rest, &found, &value)) {
        if (!http_percent_is(found, name))
            continue;
        char *text = mem_alloc(value.len + 1);
        if (http_percent_decode(value, text, value.len + 1))
            return text;
        free(text);
        return NULL;
    }
    return NULL;
}
