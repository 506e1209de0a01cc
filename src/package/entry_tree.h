/* The files and directories that the entries of a package make, so that no two claim one place. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/map.h"

struct entry_tree {
    struct map nodes; /* parent's number and component -> number */
    uint8_t *kinds;   /* by number; 0 is the package itself */
    uint32_t count;
    uint32_t limit; /* most nodes, directories that no entry names included */
};

void entry_tree_init(struct entry_tree *tree, uint32_t limit);
void entry_tree_done(struct entry_tree *tree);

/* Adds a clean path with the directories above it. ERR_PARAMETER when another entry is a file there or above,
 * or, for a file, when there is anything; a directory may be named again. */
bool entry_tree_add(struct entry_tree *tree, const char *path, bool is_directory, struct err *err);
