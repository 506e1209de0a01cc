/* lamb logs [-f] FUNCTION: prints a function's log, and follows it across rotation. Reads the files that lamb
 * serve writes (see invoke/function_log.h); needs no running daemon. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/data_dir.h"
#include "sys/fd.h"
#include "sys/fs.h"

#define ROTATED_MAX 100
#define COPY_BYTES (64 * 1024)

struct arguments {
    bool follow;
    const char *function;
};

static bool parse(const char *args[], struct arguments *ret_arguments) {
    *ret_arguments = (struct arguments){0};
    for (size_t i = 0; args[i]; i++) {
        if (strcmp(args[i], "-f") == 0 || strcmp(args[i], "--follow") == 0)
            ret_arguments->follow = true;
        else if (args[i][0] == '-' || ret_arguments->function)
            return false;
        else
            ret_arguments->function = args[i];
    }
    const char *name = ret_arguments->function;
    return name && name[0] != '\0' && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Everything from the current position to the end of the file. */
static bool copy_rest(int fd, struct err *err) {
    char bytes[COPY_BYTES];
    for (;;) {
        ssize_t len = read(fd, bytes, sizeof bytes);
        if (len < 0)
            return err_set_errno(err, errno, "can't read the log");
        if (len == 0)
            return true;
        if (!fd_write_all(STDOUT_FILENO, bytes, (size_t)len, err))
            return false;
    }
}

static bool copy_file(const char *path, struct err *err) {
    OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 || copy_rest(fd, err);
}

static bool is_same_file(int fd, const char *path) {
    struct stat open_file, named;
    return fstat(fd, &open_file) == 0 && stat(path, &named) == 0 && open_file.st_ino == named.st_ino &&
           open_file.st_dev == named.st_dev;
}

/* Waits for changes of the directory; at every one prints what is new, and goes on with the new file after a
 * rotation. */
static bool follow(const char *dir, const char *path, struct err *err) {
    OWN_FD int notify = inotify_init1(IN_CLOEXEC);
    if (notify < 0 || inotify_add_watch(notify, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
        return err_set_errno(err, errno, "can't watch %s", dir);
    OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    for (;;) {
        if (fd >= 0 && !copy_rest(fd, err))
            return false;
        if (fd < 0 || !is_same_file(fd, path)) {
            fd_close(&fd);
            fd = open(path, O_RDONLY | O_CLOEXEC);
            if (fd >= 0)
                continue;
        }
        char events[4096];
        if (read(notify, events, sizeof events) < 0 && errno != EINTR)
            return err_set_errno(err, errno, "can't watch %s", dir);
    }
}

/* The first account directory that has a log of this function; logs of several accounts lie beside each
 * other. */
struct search {
    const char *logs_dir;
    const char *function;
    char *dir;     /* found; owned */
    int notify_fd; /* while it is waited for */
};

static bool look_in_account(void *arg, const char *account, struct err *err) {
    struct search *search = arg;
    (void)err;
    OWN_MEM char *dir = fs_join(search->logs_dir, account);
    OWN_MEM char *path = mem_format("%s/%s.log", dir, search->function);
    if (!search->dir && fs_exists(path))
        search->dir = take_ptr(dir);
    return true;
}

static bool watch_account(void *arg, const char *account, struct err *err) {
    const struct search *search = arg;
    (void)err;
    OWN_MEM char *dir = fs_join(search->logs_dir, account);
    inotify_add_watch(search->notify_fd, dir, IN_CREATE | IN_MOVED_TO);
    return true;
}

/* Until the function has written its first line. Watches are set before each look, so that nothing is missed.
 */
static bool wait_for_log(struct search *search, struct err *err) {
    OWN_FD int notify = inotify_init1(IN_CLOEXEC);
    if (notify < 0 || inotify_add_watch(notify, search->logs_dir, IN_CREATE | IN_MOVED_TO) < 0)
        return err_set_errno(err, errno, "can't watch %s", search->logs_dir);
    search->notify_fd = notify;
    for (;;) {
        if (!fs_list(search->logs_dir, watch_account, search, err) ||
            !fs_list(search->logs_dir, look_in_account, search, err))
            return false;
        if (search->dir)
            return true;
        char events[4096];
        if (read(notify, events, sizeof events) < 0 && errno != EINTR)
            return err_set_errno(err, errno, "can't watch %s", search->logs_dir);
    }
}

static bool print_log(const char *dir, const struct arguments *arguments, struct err *err) {
    OWN_MEM char *path = mem_format("%s/%s.log", dir, arguments->function);
    for (int i = ROTATED_MAX; i >= 1; i--) {
        OWN_MEM char *rotated = mem_format("%s.%d", path, i);
        if (!copy_file(rotated, err))
            return false;
    }
    return arguments->follow ? follow(dir, path, err) : copy_file(path, err);
}

int command_logs(const char *const args[]) {
    const char *rest[16] = {0};
    for (size_t i = 0; i < 15 && args[i]; i++)
        rest[i] = args[i];
    OWN_MEM char *data_dir = data_dir_take(rest);
    struct arguments arguments;
    if (!data_dir || !parse(rest, &arguments)) {
        fprintf(stderr, "usage: lamb logs [-f] [--data-dir DIR] FUNCTION\n");
        return 2;
    }
    OWN_MEM char *logs_dir = fs_join(data_dir, "logs");
    struct search search = {.logs_dir = logs_dir, .function = arguments.function};
    struct err err = {.code = ERR_NONE};
    bool listed = arguments.follow ? wait_for_log(&search, &err)
                                   : fs_list(logs_dir, look_in_account, &search, &err);
    OWN_MEM char *dir = search.dir;
    if (!listed || !dir) {
        fprintf(stderr, "lamb logs: there is no log of %s in %s%s%s (see --data-dir)\n", arguments.function,
                logs_dir, err.code != ERR_NONE ? ": " : "", err.code != ERR_NONE ? err.text : "");
        return 1;
    }
    if (!print_log(dir, &arguments, &err)) {
        fprintf(stderr, "lamb logs: %s\n", err.text);
        return 1;
    }
    return 0;
}
