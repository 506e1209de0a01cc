/* Unpacked directories laid over one another: what the layers of a function look like at /opt. For layout.c
 * alone. Calls block. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* Lays the tree `from` over the tree `into`: directories of the same name become one, anything else that is
 * there already gives way. Files are hard links where the file system has them; nothing may write to one
 * afterwards. No symlink is followed on either side. On failure `into` is half done. */
bool merge_tree(const char *from, const char *into, struct err *err);
