/* Giving up root: `lamb serve` opens what needs it, starts lamb-spawner, and then becomes an ordinary user
 * for good. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct privileges {
    bool drops; /* started as root: the rest is valid */
    uid_t uid;
    gid_t gid;
};

/* Looks the user up. ERR_NOT_FOUND names the setting and the command that makes one. Not root: nothing to
 * give up. */
bool privileges_plan(const char *user, struct privileges *ret_privileges, struct err *err);

/* Gives a directory to the user; only its own entry, not what is below. */
bool privileges_give_dir(const struct privileges *privileges, const char *path, struct err *err);

/* Becomes the user, without supplementary groups and without a way back. */
bool privileges_drop(const struct privileges *privileges, struct err *err);
