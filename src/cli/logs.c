/* lamb logs [-f] FUNCTION | --group GROUP: prints the log of a function or of a log group, and follows it
 * across rotation. Reads the files that lamb serve writes (see invoke/function_log.h and model/log_group.h);
 * needs no running daemon.
 *
 * The lines of a function are in the file of its own group and, when it was told to log into another one, in
 * that one's file among those of others. So for a function the files of all groups are read that are no
 * function's own, and its lines picked out. Logs of several accounts lie beside each other: the first account
 * that has a line is shown. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/data_dir.h"
#include "model/log_group.h"
#include "sys/fd.h"
#include "sys/fs.h"

#define ROTATED_MAX 100
#define COPY_BYTES (64 * 1024)

/* A log's line with its time and stream. */
#define LINE_BYTES (LIMIT_LOG_LINE_BYTES + 1024)

#define SUFFIX ".log"

struct arguments {
    bool follow;
    const char *function; /* or */
    const char *group;
};

/* One file that is read. */
struct source {
    struct list link;
    char *dir; /* of its account */
    char *path;
    bool is_own_group; /* of the function */
    int fd;
    struct buf partial; /* a line whose end has not been read yet */
};

struct view {
    const struct arguments *arguments;
    const char *logs_dir;
    char file[LOG_GROUP_FILE_BYTES]; /* of the group, or of the function's own group */
    struct list sources;
    const char *dir; /* the source's that was printed first; NULL: none yet */
    int notify_fd;   /* -1: does not follow */
};

static bool parse(const char *args[], struct arguments *ret_arguments) {
    *ret_arguments = (struct arguments){0};
    for (size_t i = 0; args[i]; i++) {
        if (strcmp(args[i], "-f") == 0 || strcmp(args[i], "--follow") == 0)
            ret_arguments->follow = true;
        else if (strcmp(args[i], "--group") == 0 && args[i + 1] && !ret_arguments->group)
            ret_arguments->group = args[++i];
        else if (args[i][0] == '-' || ret_arguments->function)
            return false;
        else
            ret_arguments->function = args[i];
    }
    const char *name = ret_arguments->function ? ret_arguments->function : ret_arguments->group;
    return name && name[0] != '\0' && !(ret_arguments->function && ret_arguments->group);
}

/* ---- one file ---- */

static bool print_line(struct view *view, const struct source *source, const char *line, size_t len,
                       struct err *err) {
    const char *function = view->arguments->function;
    if (function && !log_group_line_is_of(line, len, function, source->is_own_group))
        return true;
    view->dir = source->dir;
    return fd_write_all(STDOUT_FILENO, line, len, err);
}

/* Prints what is whole and keeps the rest. */
static bool print_lines(struct view *view, struct source *source, const char *bytes, size_t len,
                        struct err *err) {
    while (len > 0) {
        const char *newline = memchr(bytes, '\n', len);
        size_t taken = newline ? (size_t)(newline - bytes) + 1 : len;
        if (!buf_append(&source->partial, bytes, taken))
            return err_set(err, ERR_LIMIT, "%s is no log: it has a line of more than %u bytes", source->path,
                           LINE_BYTES);
        if (newline) {
            if (!print_line(view, source, source->partial.data, source->partial.len, err))
                return false;
            buf_clear(&source->partial);
        }
        bytes += taken;
        len -= taken;
    }
    return true;
}

/* Everything from the current position to the end of the file. */
static bool print_rest(struct view *view, struct source *source, int fd, struct err *err) {
    char bytes[COPY_BYTES];
    for (;;) {
        ssize_t len = read(fd, bytes, sizeof bytes);
        if (len < 0)
            return err_set_errno(err, errno, "can't read %s", source->path);
        if (len == 0)
            return true;
        if (!print_lines(view, source, bytes, (size_t)len, err))
            return false;
    }
}

static bool is_same_file(int fd, const char *path) {
    struct stat open_file, named;
    return fstat(fd, &open_file) == 0 && stat(path, &named) == 0 && open_file.st_ino == named.st_ino &&
           open_file.st_dev == named.st_dev;
}

/* What is new since the last time, and after a rotation the new file. */
static bool print_news(struct view *view, struct source *source, struct err *err) {
    for (;;) {
        if (source->fd >= 0 && !print_rest(view, source, source->fd, err))
            return false;
        if (source->fd >= 0 && is_same_file(source->fd, source->path))
            return true;
        fd_close(&source->fd);
        source->fd = open(source->path, O_RDONLY | O_CLOEXEC);
        if (source->fd < 0)
            return true;
    }
}

static bool print_rotated(struct view *view, struct source *source, struct err *err) {
    for (int i = ROTATED_MAX; i >= 1; i--) {
        OWN_MEM char *path = mem_format("%s.%d", source->path, i);
        OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && !print_rest(view, source, fd, err))
            return false;
    }
    return true;
}

/* ---- all of them ---- */

static struct source *find_source(struct view *view, const char *path) {
    list_each (link, &view->sources) {
        struct source *source = list_item(link, struct source, link);
        if (strcmp(source->path, path) == 0)
            return source;
    }
    return NULL;
}

static void free_sources(struct view *view) {
    list_each (link, &view->sources) {
        struct source *source = list_item(link, struct source, link);
        fd_close(&source->fd);
        buf_done(&source->partial);
        free(source->dir);
        free(source->path);
        free(source);
    }
}

static bool has_suffix(const char *name) {
    size_t len = strlen(name);
    return len > sizeof SUFFIX - 1 && strcmp(name + len - (sizeof SUFFIX - 1), SUFFIX) == 0;
}

struct account {
    struct view *view;
    const char *dir;
};

static bool print_file(void *arg, const char *name, struct err *err) {
    const struct account *account = arg;
    struct view *view = account->view;
    size_t file_len = strlen(view->file);
    bool is_named = strncmp(name, view->file, file_len) == 0 && strcmp(name + file_len, SUFFIX) == 0;
    bool is_shared = view->arguments->function && name[0] == LOG_GROUP_FILE_MARK && has_suffix(name);
    if (!is_named && !is_shared)
        return true;
    OWN_MEM char *path = fs_join(account->dir, name);
    struct source *source = find_source(view, path);
    if (source)
        return print_news(view, source, err);
    source = mem_alloc(sizeof *source);
    *source = (struct source){
        .dir = mem_text(account->dir), .path = take_ptr(path), .is_own_group = is_named, .fd = -1};
    buf_init(&source->partial, LINE_BYTES);
    list_push_back(&view->sources, &source->link);
    return print_rotated(view, source, err) && print_news(view, source, err);
}

/* Watches are set before each look, so that nothing is missed. */
static bool print_account(void *arg, const char *name, struct err *err) {
    struct view *view = arg;
    OWN_MEM char *dir = fs_join(view->logs_dir, name);
    if (view->dir && strcmp(view->dir, dir) != 0)
        return true;
    if (view->notify_fd >= 0)
        inotify_add_watch(view->notify_fd, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO);
    struct account account = {.view = view, .dir = dir};
    return fs_list(dir, print_file, &account, err);
}

static bool follow(struct view *view, struct err *err) {
    OWN_FD int notify = inotify_init1(IN_CLOEXEC);
    if (notify < 0 || inotify_add_watch(notify, view->logs_dir, IN_CREATE | IN_MOVED_TO) < 0)
        return err_set_errno(err, errno, "can't watch %s", view->logs_dir);
    view->notify_fd = notify;
    for (;;) {
        if (!fs_list(view->logs_dir, print_account, view, err))
            return false;
        char events[4096];
        if (read(notify, events, sizeof events) < 0 && errno != EINTR)
            return err_set_errno(err, errno, "can't watch %s", view->logs_dir);
    }
}

static bool print(struct view *view, struct err *err) {
    const struct arguments *arguments = view->arguments;
    if (arguments->follow)
        return follow(view, err);
    if (!fs_list(view->logs_dir, print_account, view, err))
        return false;
    if (view->dir)
        return true;
    return err_set(err, ERR_NOT_FOUND, "there is no log of %s in %s (see --data-dir)",
                   arguments->function ? arguments->function : arguments->group, view->logs_dir);
}

int command_logs(const char *const args[]) {
    const char *rest[16] = {0};
    for (size_t i = 0; i < 15 && args[i]; i++)
        rest[i] = args[i];
    OWN_MEM char *data_dir = data_dir_take(rest);
    struct arguments arguments;
    if (!data_dir || !parse(rest, &arguments)) {
        fprintf(stderr, "usage: lamb logs [-f] [--data-dir DIR] FUNCTION | --group GROUP\n");
        return 2;
    }
    OWN_MEM char *logs_dir = fs_join(data_dir, "logs");
    struct view view = {.arguments = &arguments, .logs_dir = logs_dir, .notify_fd = -1};
    OWN_MEM char *group = arguments.group ? mem_text(arguments.group)
                                          : mem_format("/aws/lambda/%s", arguments.function);
    log_group_file(group, view.file);
    list_init(&view.sources);
    struct err err = {.code = ERR_NONE};
    bool done = print(&view, &err);
    if (!done)
        fprintf(stderr, "lamb logs: %s\n", err.text);
    free_sources(&view);
    return done ? 0 : 1;
}
