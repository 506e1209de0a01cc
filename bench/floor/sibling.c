/* See sibling.h. */
#include "bench/floor/sibling.h"

#include <libgen.h>
#include <stdio.h>
#include <unistd.h>

#include "bench/die.h"

void sibling_path(const char *name, char *ret_path) {
    char self[PATH_MAX] = "";
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        die_errno("readlink /proc/self/exe");
    if (snprintf(ret_path, PATH_MAX, "%s/%s", dirname(self), name) >= PATH_MAX)
        die("the path of %s is too long", name);
    if (access(ret_path, X_OK) != 0)
        die_errno("%s", ret_path);
}
