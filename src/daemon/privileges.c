/* See privileges.h. */
#include "daemon/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

bool privileges_plan(const char *user, struct privileges *ret_privileges, struct err *err) {
    *ret_privileges = (struct privileges){0};
    if (geteuid() != 0)
        return true;
    const struct passwd *entry = getpwnam(user);
    if (!entry)
        return err_set(err, ERR_NOT_FOUND,
                       "there is no user \"%s\" to run as (setting: user); make one with: "
                       "useradd --system --no-create-home --shell /usr/sbin/nologin %s",
                       user, user);
    if (entry->pw_uid == 0)
        return err_set(err, ERR_PARAMETER,
                       "setting user is \"%s\", which is root: lamb serve must not run as root", user);
    *ret_privileges = (struct privileges){.drops = true, .uid = entry->pw_uid, .gid = entry->pw_gid};
    return true;
}

bool privileges_give_dir(const struct privileges *privileges, const char *path, struct err *err) {
    if (privileges->drops && chown(path, privileges->uid, privileges->gid) != 0)
        return err_set_errno(err, errno, "can't give %s to uid %u", path, (unsigned)privileges->uid);
    return true;
}

bool privileges_drop(const struct privileges *privileges, struct err *err) {
    if (privileges->drops &&
        (setgroups(0, NULL) != 0 || setresgid(privileges->gid, privileges->gid, privileges->gid) != 0 ||
         setresuid(privileges->uid, privileges->uid, privileges->uid) != 0))
        return err_set_errno(err, errno, "can't become uid %u", (unsigned)privileges->uid);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return err_set_errno(err, errno, "can't set no_new_privs");
    return true;
}
