/* A tree kept in one map: a key is the number of the parent and the name of the component, so that the memory
 * it takes is bounded by the bytes of the archive, however deep the paths are. */
#include "package/entry_tree.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "package/entry_path.h"

enum kind { KIND_DIRECTORY, KIND_FILE };

#define FIRST_CAPACITY 64u

void entry_tree_init(struct entry_tree *tree, uint32_t limit) {
    *tree = (struct entry_tree){.limit = limit, .count = 1};
    map_init(&tree->nodes);
    tree->kinds = mem_alloc(FIRST_CAPACITY);
    tree->kinds[0] = KIND_DIRECTORY;
}

void entry_tree_done(struct entry_tree *tree) {
    map_done(&tree->nodes);
    free(tree->kinds);
    tree->kinds = NULL;
}

struct key {
    uint32_t parent;
    char component[NAME_MAX];
};

static uint32_t add_node(struct entry_tree *tree, const struct key *key, size_t key_len, enum kind kind) {
    uint32_t number = tree->count++;
    if (number >= FIRST_CAPACITY && (number & (number - 1)) == 0)
        tree->kinds = mem_resize(tree->kinds, (size_t)number * 2);
    tree->kinds[number] = (uint8_t)kind;
    map_put_bytes(&tree->nodes, key, key_len, (void *)(uintptr_t)number);
    return number;
}

/* Goes from the parent to a component of it, which may have to be made. 0 when it can't. */
static uint32_t step(struct entry_tree *tree, const char *path, uint32_t parent, const char *component,
                     size_t len, enum kind kind, bool is_last, struct err *err) {
    struct key key = {.parent = parent};
    memcpy(key.component, component, len);
    size_t key_len = offsetof(struct key, component) + len;
    uint32_t number = (uint32_t)(uintptr_t)map_get_bytes(&tree->nodes, &key, key_len);
    if (number == 0) {
        if (tree->count > tree->limit) {
            err_set(err, ERR_PARAMETER,
                    "Could not unzip uploaded file. It has more than %u files and directories.", tree->limit);
            return 0;
        }
        return add_node(tree, &key, key_len, kind);
    }
    if (tree->kinds[number] == KIND_DIRECTORY && kind == KIND_DIRECTORY)
        return number;
    entry_refuse(path, strlen(path), is_last ? "is there twice" : "lies below another entry that is a file",
                 err);
    return 0;
}

bool entry_tree_add(struct entry_tree *tree, const char *path, bool is_directory, struct err *err) {
    uint32_t number = 0;
    for (const char *component = path; *component;) {
        size_t len = strcspn(component, "/");
        bool is_last = component[len] == '\0';
        enum kind kind = is_last && !is_directory ? KIND_FILE : KIND_DIRECTORY;
        number = step(tree, path, number, component, len, kind, is_last, err);
        if (number == 0)
            return false;
        component += len + !is_last;
    }
    return true;
}
