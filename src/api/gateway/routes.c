/* A tree of segments, as deep as the longest key. A search visits a node at most once for whole paths and
 * once for greedy ones. */
#include "api/gateway/routes.h"

#include <string.h>

#include "base/mem.h"

/* ---- keys ---- */

static const char *const methods[] = {"ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"};

static bool is_method(struct http_text method) {
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (http_text_is(method, methods[i]))
            return true;
    return false;
}

/* The segment at *path, which begins with '/', and moves past it. */
static struct http_text take_segment(struct http_text *path) {
    const char *start = path->data + 1;
    const char *slash = memchr(start, '/', path->len - 1);
    struct http_text segment = {start, slash ? (size_t)(slash - start) : path->len - 1};
    path->data += segment.len + 1;
    path->len -= segment.len + 1;
    return segment;
}

static bool is_parameter(struct http_text segment) {
    return segment.len > 0 && segment.data[0] == '{';
}

static bool is_name(const char *text, size_t len) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:";
    for (size_t i = 0; i < len; i++)
        if (!memchr(allowed, text[i], sizeof allowed - 1))
            return false;
    return len > 0;
}

static bool refuse(const char *text, const char *reason, struct err *err) {
    return err_set(err, ERR_PARAMETER, "The provided route key '%.200s' is not valid: %s", text, reason);
}

/* "{name}" or "{name+}" */
static bool read_parameter(struct http_text segment, bool is_last, struct route_key *key) {
    if (segment.len < 3 || segment.data[segment.len - 1] != '}')
        return false;
    struct http_text name = {segment.data + 1, segment.len - 2};
    key->is_greedy = name.data[name.len - 1] == '+';
    name.len -= key->is_greedy;
    if (!is_name(name.data, name.len) || (key->is_greedy && !is_last))
        return false;
    for (size_t i = 0; i < key->parameter_count; i++)
        if (http_text_is_same(key->parameters[i], name))
            return false;
    key->parameters[key->parameter_count++] = name;
    return true;
}

static bool read_path(const char *text, struct route_key *key, struct err *err) {
    struct http_text rest = key->path;
    while (rest.len) {
        struct http_text segment = take_segment(&rest);
        bool has_brace = memchr(segment.data, '{', segment.len) || memchr(segment.data, '}', segment.len);
        if (segment.len == 0 && rest.len)
            return refuse(text, "a segment of its path is empty.", err);
        if (!has_brace)
            continue;
        if (key->parameter_count == ROUTES_MAX_PARAMETERS)
            return refuse(text, "it has too many path parameters.", err);
        if (!is_parameter(segment) || !read_parameter(segment, rest.len == 0, key))
            return refuse(
                text,
                "a path parameter is a whole segment, {name}, with a name of its own; a greedy one, "
                "{name+}, is the last segment.",
                err);
    }
    return true;
}

bool route_key_parse(const char *text, struct route_key *ret_key, struct err *err) {
    struct route_key key = {0};
    if (strlen(text) > ROUTES_MAX_KEY_CHARS)
        return refuse(text, "it is too long.", err);
    key.is_default = strcmp(text, ROUTES_DEFAULT) == 0;
    const char *space = strchr(text, ' ');
    if (!key.is_default) {
        if (!space || space[1] != '/' || strpbrk(text, "?#") || strchr(space + 1, ' '))
            return refuse(text, "it must be '$default' or a method and a path, 'GET /pets'.", err);
        key.method = (struct http_text){text, (size_t)(space - text)};
        key.path = (struct http_text){space + 1, strlen(space + 1)};
        if (!is_method(key.method))
            return refuse(text, "its method is none of ANY, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT.",
                          err);
        if (!read_path(text, &key, err))
            return false;
    }
    *ret_key = key;
    return true;
}

bool route_key_is_same(const struct route_key *a, const struct route_key *b) {
    if (a->is_default || b->is_default)
        return a->is_default == b->is_default;
    struct http_text rest_a = a->path, rest_b = b->path;
    if (!http_text_is_same(a->method, b->method) || a->is_greedy != b->is_greedy)
        return false;
    while (rest_a.len && rest_b.len) {
        struct http_text segment_a = take_segment(&rest_a), segment_b = take_segment(&rest_b);
        bool both_vary = is_parameter(segment_a) && is_parameter(segment_b);
        if (!both_vary && !http_text_is_same(segment_a, segment_b))
            return false;
    }
    return rest_a.len == rest_b.len;
}

/* ---- the tree ---- */

struct row {
    const struct route_key *key;
    const void *value;
};

struct rows {
    struct row *items;
    size_t count;
};

struct node {
    struct http_text segment; /* empty in that of a parameter */
    struct node **children;
    size_t child_count;
    struct node *parameter;
    struct rows exact;  /* keys that end here */
    struct rows greedy; /* keys whose greedy parameter begins behind here */
};

struct routes {
    struct node root;
    struct rows fallback;
};

struct routes *routes_new(void) {
    return mem_alloc(sizeof(struct routes));
}

static void node_done(struct node *node) {
    for (size_t i = 0; i < node->child_count; i++) {
        node_done(node->children[i]);
        free(node->children[i]);
    }
    if (node->parameter)
        node_done(node->parameter);
    free(node->parameter);
    free(node->children);
    free(node->exact.items);
    free(node->greedy.items);
}

void routes_free(struct routes *routes) {
    if (!routes)
        return;
    node_done(&routes->root);
    free(routes->fallback.items);
    free(routes);
}

static void rows_add(struct rows *rows, const struct route_key *key, const void *value) {
    rows->items = mem_resize(rows->items, (rows->count + 1) * sizeof *rows->items);
    rows->items[rows->count++] = (struct row){key, value};
}

static struct node *child_get(struct node *node, struct http_text segment) {
    if (is_parameter(segment)) {
        if (!node->parameter)
            node->parameter = mem_alloc(sizeof *node->parameter);
        return node->parameter;
    }
    for (size_t i = 0; i < node->child_count; i++)
        if (http_text_is_same(node->children[i]->segment, segment))
            return node->children[i];
    node->children = mem_resize(node->children, (node->child_count + 1) * sizeof *node->children);
    struct node *child = mem_alloc(sizeof *child);
    child->segment = segment;
    return node->children[node->child_count++] = child;
}

void routes_add(struct routes *routes, const struct route_key *key, const void *value) {
    if (key->is_default) {
        rows_add(&routes->fallback, key, value);
        return;
    }
    struct node *node = &routes->root;
    struct http_text rest = key->path;
    while (rest.len) {
        struct http_text segment = take_segment(&rest);
        if (key->is_greedy && rest.len == 0)
            break;
        node = child_get(node, segment);
    }
    rows_add(key->is_greedy ? &node->greedy : &node->exact, key, value);
}

/* ---- the search ---- */

struct search {
    struct http_text method;
    bool is_greedy;
    const struct row *found;
    struct http_text values[ROUTES_MAX_PARAMETERS];
};

static bool pick(struct search *search, const struct rows *rows) {
    const struct row *any = NULL;
    for (size_t i = 0; i < rows->count; i++) {
        if (http_text_is_same(rows->items[i].key->method, search->method)) {
            search->found = &rows->items[i];
            return true;
        }
        if (!any && http_text_is(rows->items[i].key->method, "ANY"))
            any = &rows->items[i];
    }
    search->found = any;
    return any != NULL;
}

static bool is_literal(struct http_text literal, struct http_text segment) {
    if (!memchr(segment.data, '%', segment.len))
        return http_text_is_same(literal, segment);
    char text[ROUTES_MAX_KEY_CHARS + 1];
    memcpy(text, literal.data, literal.len);
    text[literal.len] = '\0';
    return http_percent_is(segment, text);
}

static const struct node *find_literal(const struct node *node, struct http_text segment) {
    for (size_t i = 0; i < node->child_count; i++)
        if (is_literal(node->children[i]->segment, segment))
            return node->children[i];
    return NULL;
}

/* A key has no more parameters than a node has above it, so `count` stays below their limit. */
static bool descend(struct search *search, const struct node *node, struct http_text rest, size_t count) {
    if (rest.len == 0)
        return !search->is_greedy && pick(search, &node->exact);
    struct http_text behind = rest;
    struct http_text segment = take_segment(&behind);
    const struct node *literal = find_literal(node, segment);
    if (literal && descend(search, literal, behind, count))
        return true;
    if (node->parameter && segment.len) {
        search->values[count] = segment;
        if (descend(search, node->parameter, behind, count + 1))
            return true;
    }
    if (!search->is_greedy || rest.len < 2 || !pick(search, &node->greedy))
        return false;
    search->values[count] = (struct http_text){rest.data + 1, rest.len - 1};
    return true;
}

bool routes_find(const struct routes *routes, struct http_text method, struct http_text path,
                 struct route_match *ret_match) {
    struct search search = {.method = method};
    bool is_found = path.len && path.data[0] == '/' && descend(&search, &routes->root, path, 0);
    if (!is_found && path.len && path.data[0] == '/') {
        search.is_greedy = true;
        is_found = descend(&search, &routes->root, path, 0);
    }
    if (!is_found && routes->fallback.count)
        search.found = &routes->fallback.items[0];
    if (!search.found)
        return false;
    ret_match->value = search.found->value;
    ret_match->key = search.found->key;
    memcpy(ret_match->values, search.values, sizeof search.values);
    return true;
}
