/* See identity.h. */
#include "sandbox/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "sandbox/kernel_file.h"

/* Above the ranges that distributions give to users and containers (systemd: UIDS-GIDS.md), below 2^31. */
#define FIRST_OWN_ID 0x70000000u

/* True when one line of the map covers all our own numbers. */
static bool map_has_own_ids(const char *path) {
    char text[4096];
    if (!kernel_file_read(AT_FDCWD, path, text, sizeof text, NULL))
        return false;
    const char *cursor = text;
    uint64_t inside;
    uint64_t outside;
    uint64_t count;
    while (kernel_file_next_number(&cursor, &inside) && kernel_file_next_number(&cursor, &outside) &&
           kernel_file_next_number(&cursor, &count))
        if (inside <= FIRST_OWN_ID && FIRST_OWN_ID + LIMIT_SANDBOXES <= inside + count)
            return true;
    return false;
}

bool identity_write_maps(int pid, uint32_t inside_uid, uint32_t inside_gid, uint32_t outside_uid,
                         uint32_t outside_gid, struct err *err) {
    char path[64];
    char map[64];
    snprintf(path, sizeof path, "/proc/%d/setgroups", pid);
    if (!kernel_file_write(AT_FDCWD, path, "deny", err))
        return false;
    snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
    snprintf(map, sizeof map, "%u %u 1", inside_uid, outside_uid);
    if (!kernel_file_write(AT_FDCWD, path, map, err))
        return false;
    snprintf(path, sizeof path, "/proc/%d/gid_map", pid);
    snprintf(map, sizeof map, "%u %u 1", inside_gid, outside_gid);
    return kernel_file_write(AT_FDCWD, path, map, err);
}

static bool enter_user_namespace(struct err *err) {
    uint32_t uid = geteuid();
    uint32_t gid = getegid();
    /* Mounts can be made only in a mount namespace that belongs to the user namespace. */
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == -1)
        return err_set_errno(
            err, errno,
            "this machine gives no user namespace to ordinary users (see the sysctls "
            "user.max_user_namespaces, kernel.unprivileged_userns_clone and "
            "kernel.apparmor_restrict_unprivileged_userns): allow it or run lamb serve as root");
    return identity_write_maps(getpid(), 0, 0, uid, gid, err);
}

bool identity_settle(struct identity *ret_identity, struct buf *report, struct err *err) {
    struct identity identity = {.is_rootless = geteuid() != 0};
    if (identity.is_rootless) {
        buf_append_text(report,
                        "not started as root: all functions run as the user of lamb serve, kept apart by "
                        "namespaces alone; as root each would be a user of its own\n");
        if (!enter_user_namespace(err))
            return false;
    } else {
        identity.has_own_ids = map_has_own_ids("/proc/self/uid_map") && map_has_own_ids("/proc/self/gid_map");
        if (!identity.has_own_ids)
            buf_append_format(
                report,
                "this container has no users %u to %u: functions run as its root user in a user "
                "namespace; outside of it each would be a user of its own\n",
                FIRST_OWN_ID, FIRST_OWN_ID + LIMIT_SANDBOXES - 1);
    }
    *ret_identity = identity;
    return true;
}

uint32_t identity_of_slot(const struct identity *identity, uint32_t slot) {
    return identity->has_own_ids ? FIRST_OWN_ID + slot : 0;
}
