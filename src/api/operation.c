/* A tree of path segments: one step down per segment, by binary search among the literal children, else into
 * the label. Finding a row costs O(segments * log(children)) however many operations there are. Loop thread
 * or start-up; cannot fail. */
#include "api/operation.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

/* Rows that end at one node: a handful of methods, some told apart by their query. */
#define ROWS_PER_NODE 6

struct node {
    struct http_text segment;
    struct node **children; /* sorted by segment */
    size_t child_count;
    struct node *label;
    const struct api_operation *rows[ROWS_PER_NODE]; /* those that want a query first */
    size_t row_count;
};

struct operation_tree {
    struct node root;
};

static int compare_segments(struct http_text a, struct http_text b) {
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Where the segment is among the children, or would be. */
static size_t child_place(const struct node *node, struct http_text segment) {
    size_t low = 0;
    size_t high = node->child_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare_segments(node->children[middle]->segment, segment) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct node *child_find(const struct node *node, struct http_text segment) {
    size_t place = child_place(node, segment);
    bool is_there = place < node->child_count &&
                    compare_segments(node->children[place]->segment, segment) == 0;
    return is_there ? node->children[place] : NULL;
}

/* The segment at *path, which begins with '/', and moves past it. */
static struct http_text take_segment(struct http_text *path) {
    const char *start = path->data + 1;
    size_t left = path->len - 1;
    const char *slash = memchr(start, '/', left);
    struct http_text segment = {start, slash ? (size_t)(slash - start) : left};
    path->data = start + segment.len;
    path->len = left - segment.len;
    return segment;
}

static struct node *child_add(struct node *node, struct http_text segment) {
    if (segment.data[0] == '{') {
        if (!node->label)
            node->label = mem_alloc(sizeof *node->label);
        return node->label;
    }
    struct node *child = child_find(node, segment);
    if (child)
        return child;
    size_t place = child_place(node, segment);
    node->children = mem_resize(node->children, (node->child_count + 1) * sizeof *node->children);
    memmove(node->children + place + 1, node->children + place,
            (node->child_count - place) * sizeof *node->children);
    child = mem_alloc(sizeof *child);
    child->segment = segment;
    node->children[place] = child;
    node->child_count++;
    return child;
}

static void add_row(struct operation_tree *tree, const struct api_operation *row) {
    struct node *node = &tree->root;
    struct http_text path = {row->path, strlen(row->path)};
    size_t labels = 0;
    while (path.len) {
        struct http_text segment = take_segment(&path);
        labels += segment.data[0] == '{';
        node = child_add(node, segment);
    }
    assert(labels <= OPERATION_MAX_LABELS && node->row_count < ROWS_PER_NODE);
    size_t place = row->query ? 0 : node->row_count;
    memmove(node->rows + place + 1, node->rows + place, (node->row_count - place) * sizeof node->rows[0]);
    node->rows[place] = row;
    node->row_count++;
}

struct operation_tree *operation_tree_new(const struct api_operation *table, size_t count) {
    struct operation_tree *tree = mem_alloc(sizeof *tree);
    for (size_t i = 0; i < count; i++)
        add_row(tree, &table[i]);
    return tree;
}

static void node_done(struct node *node) {
    for (size_t i = 0; i < node->child_count; i++) {
        node_done(node->children[i]);
        free(node->children[i]);
    }
    free(node->children);
    if (node->label) {
        node_done(node->label);
        free(node->label);
    }
}

void operation_tree_free(struct operation_tree *tree) {
    if (!tree)
        return;
    node_done(&tree->root);
    free(tree);
}

static bool has_query(struct http_text query, const char *wanted) {
    const char *equals = strchr(wanted, '=');
    char name[32];
    char value[32];
    bool present;
    assert((size_t)(equals - wanted) < sizeof name);
    memcpy(name, wanted, (size_t)(equals - wanted));
    name[equals - wanted] = '\0';
    return http_query_get(query, name, value, sizeof value, &present) && present &&
           strcmp(value, equals + 1) == 0;
}

bool operation_find(const struct operation_tree *tree, const struct http_request *request,
                    struct operation_match *ret_match) {
    struct operation_match match = {0};
    size_t labels = 0;
    const struct node *node = &tree->root;
    struct http_text path = request->path;
    if (path.len > 1 && path.data[path.len - 1] == '/')
        path.len--;
    while (path.len && path.data[0] == '/') {
        struct http_text segment = take_segment(&path);
        const struct node *child = child_find(node, segment);
        if (!child && node->label && segment.len) {
            child = node->label;
            match.labels[labels++] = segment;
        }
        if (!child)
            return false;
        node = child;
    }
    for (size_t i = 0; i < node->row_count; i++) {
        const struct api_operation *row = node->rows[i];
        if (!http_text_is(request->method, row->method) ||
            (row->query && !has_query(request->query, row->query)))
            continue;
        match.operation = row;
        *ret_match = match;
        return true;
    }
    return false;
}
