/* See code_dirs.h. */
#include "invoke/code_dirs.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "package/layout.h"
#include "sys/fd.h"

static bool open_layers(const char *code_dir, const struct function *function, int *ret_fd, struct err *err) {
    OWN_MEM const char **digests = mem_alloc_array(function->layer_count, sizeof *digests);
    for (size_t i = 0; i < function->layer_count; i++)
        digests[i] = function->layers[i].digest;
    return layout_open_merged(code_dir, digests, function->layer_count, ret_fd, err);
}

/* The first that is a file which others may execute. */
static const char *find_bootstrap(const int fds[LAUNCH_MOUNTS]) {
    static const char *const paths[] = {"/var/task/bootstrap", "/opt/bootstrap"};
    for (size_t i = 0; i < LAUNCH_MOUNTS; i++) {
        struct stat status;
        if (fds[i] != -1 && fstatat(fds[i], "bootstrap", &status, 0) == 0 && S_ISREG(status.st_mode) &&
            (status.st_mode & S_IXOTH))
            return paths[i];
    }
    return NULL;
}

static int compare_names(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Everything in there but directories, as on the service: what can't be executed fails the initialisation. */
static void list_extensions(struct code_dirs *dirs) {
    int fd = openat(dirs->fds[LAUNCH_LAYERS], "extensions", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd == -1 ? NULL : fdopendir(fd);
    if (!directory) {
        fd_close(&fd);
        return;
    }
    const struct dirent *entry;
    while (dirs->extension_count < CODE_DIRS_EXTENSIONS && (entry = readdir(directory))) {
        struct stat status;
        if (fstatat(fd, entry->d_name, &status, 0) == 0 && !S_ISDIR(status.st_mode))
            dirs->extensions[dirs->extension_count++] = mem_text(entry->d_name);
    }
    closedir(directory);
    qsort(dirs->extensions, dirs->extension_count, sizeof dirs->extensions[0], compare_names);
}

bool code_dirs_open(struct code_dirs *dirs, const char *code_dir, const struct function *function,
                    struct err *err) {
    OWN_FD int code_fd = -1;
    OWN_FD int layers_fd = -1;
    if (!layout_open(code_dir, function->code_digest, &code_fd, err) ||
        (function->layer_count > 0 && !open_layers(code_dir, function, &layers_fd, err)))
        return false;
    *dirs = (struct code_dirs){
        .fds = {[LAUNCH_CODE] = take_fd(&code_fd), [LAUNCH_LAYERS] = take_fd(&layers_fd)},
    };
    const struct runtime_kind *kind = runtime_find(function->runtime);
    if (kind && kind->family == RUNTIME_PROVIDED) {
        dirs->bootstrap = find_bootstrap(dirs->fds);
        dirs->lacks_bootstrap = !dirs->bootstrap;
    }
    if (dirs->fds[LAUNCH_LAYERS] != -1)
        list_extensions(dirs);
    return true;
}

void code_dirs_close(struct code_dirs *dirs) {
    for (size_t i = 0; i < LAUNCH_MOUNTS; i++)
        fd_close(&dirs->fds[i]);
    for (size_t i = 0; i < dirs->extension_count; i++)
        free(dirs->extensions[i]);
    dirs->extension_count = 0;
}
