/* lamb serve: from the command line to a running daemon. What needs root is done first (data directory, port,
 * lamb-spawner); then root is given up, and only then is anything read that others may have written. */
#include "daemon/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/assemble.h"
#include "daemon/config.h"
#include "daemon/privileges.h"
#include "daemon/runtimes.h"
#include "sys/fd.h"
#include "sys/fs.h"

#define REPORT_BYTES 8192

/* One daemon per data directory: the lock lives as long as the process. The file becomes the user's, who may
 * start the next daemon. */
static bool lock_data_dir(const char *data_dir, const struct privileges *privileges, int *ret_fd,
                          struct err *err) {
    OWN_MEM char *path = fs_join(data_dir, "lock");
    OWN_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set_errno(err, errno, "can't open %s", path);
    if (privileges->drops && fchown(fd, privileges->uid, privileges->gid) != 0)
        return err_set_errno(err, errno, "can't give %s to uid %u", path, (unsigned)privileges->uid);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return err_set(err, ERR_CONFLICT, "another lamb serve works on %s (setting: data-dir)", data_dir);
    *ret_fd = take_fd(&fd);
    return true;
}

static bool prepare_data_dir(struct config *config, const struct privileges *privileges, struct err *err) {
    if (!fs_make_dirs(config->data_dir, 0700, err) || !privileges_give_dir(privileges, config->data_dir, err))
        return err_wrap(err, "setting data-dir");
    char *resolved = realpath(config->data_dir, NULL);
    if (!resolved)
        return err_set_errno(err, errno, "can't resolve %s (setting: data-dir)", config->data_dir);
    free(config->data_dir);
    config->data_dir = resolved;
    return true;
}

static char *program_beside(const char *name) {
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    path[len > 0 ? len : 0] = '\0';
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = '\0';
    return fs_join(path, name);
}

static void print_report(const struct buf *report) {
    OWN_MEM char *copy = mem_text(buf_text(report));
    char *rest = copy;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
        if (line[0] != '\0')
            log_warn("machine.lacks", "%s", line);
}

static bool start_spawner(const struct config *config, struct sandbox_spawner *ret_spawner, struct err *err) {
    uint8_t hash[DIGEST_SHA256_BYTES];
    char hex[DIGEST_SHA256_HEX_BYTES], instance[32];
    digest_sha256(config->data_dir, strlen(config->data_dir), hash);
    digest_hex(hash, sizeof hash, hex);
    snprintf(instance, sizeof instance, "lamb-%.8s", hex);

    OWN_MEM char *path = program_beside("lamb-spawner");
    OWN_MEM char *clients = realpath(config->runtime_clients, NULL);
    if (!clients)
        return err_set_errno(err, errno, "can't find the runtime clients in %s (setting: runtime-clients)",
                             config->runtime_clients);
    char **extra_dirs;
    if (!runtimes_dirs(config->runtimes, config->runtime_dirs, &extra_dirs, err))
        return false;
    struct sandbox_options options = {
        .spawner_path = path,
        .instance = instance,
        .runtime_dir = clients,
        .extra_dirs = (const char *const *)extra_dirs,
        .stock = (uint32_t)config->parked_sandboxes,
        .stock_max = (uint32_t)config->parked_sandboxes_max,
    };
    OWN(buf) struct buf report;
    buf_init(&report, REPORT_BYTES);
    bool started = sandbox_spawner_start(&options, ret_spawner, &report, err);
    print_report(&report);
    runtimes_dirs_free(extra_dirs);
    return started;
}

/* An environment takes a handful of descriptors; the default soft limit of 1,024 would end at some 200 of
 * them. */
static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Everything up to a daemon that accepts; what was opened on the way is closed when it fails. */
static bool start(struct config *config, int *ret_lock_fd, struct daemon **ret_daemon, struct err *err) {
    struct privileges privileges;
    struct daemon_inputs inputs = {.config = config};
    if (!privileges_plan(config->user, &privileges, err) || !prepare_data_dir(config, &privileges, err) ||
        !lock_data_dir(config->data_dir, &privileges, ret_lock_fd, err) ||
        !front_open(config, &inputs.front, err))
        return false;
    if (!start_spawner(config, &inputs.spawner, err)) {
        front_free(inputs.front);
        return false;
    }
    if (!privileges_drop(&privileges, err)) {
        fd_close(&inputs.spawner.socket_fd);
        front_free(inputs.front);
        return false;
    }
    return daemon_new(&inputs, ret_daemon, err);
}

static void print_ready(const struct config *config, const struct daemon *daemon, int64_t began_us) {
    struct clock clock = clock_system();
    const char *others = daemon_other_endpoints(daemon);
    printf("lamb.ready url=%s%s%s region=%s account=%s auth=%s data_dir=%s start_ms=%.1f\n",
           daemon_endpoint(daemon), others[0] ? " also=" : "", others, config->region, config->account_id,
           config->auth, config->data_dir, (double)(clock_mono_us(&clock) - began_us) / 1000.0);
    fflush(stdout);
    if (strcmp(config->auth, "off") == 0)
        log_warn("auth.off", "consequence=\"everybody who reaches %s can run code on this machine\"",
                 daemon_endpoint(daemon));
}

int command_serve(const char *const args[]) {
    struct clock clock = clock_system();
    int64_t began_us = clock_mono_us(&clock);
    if (args[0] && strcmp(args[0], "--help") == 0) {
        config_print_help(stdout);
        return 0;
    }
    if (args[0] && strcmp(args[0], "--help-markdown") == 0) {
        config_print_markdown(stdout);
        return 0;
    }
    umask(0077);
    raise_descriptor_limit();
    struct config config;
    struct err err;
    OWN_FD int lock_fd = -1;
    struct daemon *daemon = NULL;
    int status = 1;
    if (config_load(&config, args, &err) && start(&config, &lock_fd, &daemon, &err)) {
        print_ready(&config, daemon, began_us);
        status = daemon_run(daemon);
        daemon_free(daemon);
        log_info("lamb.stopped", "status=%d", status);
    } else {
        fprintf(stderr, "lamb serve: %s\n", err.text);
    }
    config_done(&config);
    return status;
}
