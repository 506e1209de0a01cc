/* See drop.h. */
#include "init/drop.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/template.h"

/* Also of the capabilities that this kernel knows and we do not. */
static bool empty_bounding_set(struct err *err) {
    for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == -1)
            return err_set_errno(err, errno, "can't drop capability %lu", capability);
    return true;
}

static bool empty_capabilities(struct err *err) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1 ||
        syscall(SYS_capset, &header, none) == -1)
        return err_set_errno(err, errno, "can't drop the capabilities");
    return true;
}

bool drop_privileges(const struct seccomp_program *filter, bool follows_parent, struct err *err) {
    if (setresgid(TEMPLATE_GID, TEMPLATE_GID, TEMPLATE_GID) == -1 ||
        setresuid(TEMPLATE_UID, TEMPLATE_UID, TEMPLATE_UID) == -1)
        return err_set_errno(err, errno, "can't become user %d", TEMPLATE_UID);
    if (!empty_bounding_set(err) || !empty_capabilities(err))
        return false;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
        return err_set_errno(err, errno, "prctl");
    if (follows_parent && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1)
        return err_set_errno(err, errno, "prctl");
    return seccomp_install(filter, err);
}
