/* See runtimes.h. Python's version stands in the program's name; Node's has to be asked for, which costs some
 * 20 ms, so the answer is kept in a file as lines "<path> <size> <mtime> <major>". */
#include "daemon/runtimes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "sys/child.h"
#include "sys/fs.h"

#define ASK_TIMEOUT_MS 5000
#define CACHE_BYTES 16384
#define MAX_DIRS 32

/* ---- lists in settings ---- */

/* Calls `each` for every item between commas; false when it says so. */
static bool each_item(const char *list, bool (*each)(void *arg, char *item, struct err *err), void *arg,
                      struct err *err) {
    OWN_MEM char *copy = mem_text(list);
    char *rest = copy;
    for (char *item = strsep(&rest, ","); item; item = strsep(&rest, ","))
        if (item[0] != '\0' && !each(arg, item, err))
            return false;
    return true;
}

/* "python3.12=/opt/python/bin/python3.12", cut in place. */
static bool split_mapping(char *item, const char **ret_name, const char **ret_path, struct err *err) {
    char *equals = strchr(item, '=');
    if (!equals || equals[1] != '/')
        return err_set(err, ERR_PARAMETER,
                       "setting runtimes has \"%s\", which is not of the form name=/path/of/interpreter",
                       item);
    *equals = '\0';
    *ret_name = item;
    *ret_path = equals + 1;
    return true;
}

/* ---- Node's version ---- */

/* "20.20.2" to 20; 0 when it is no version. */
static int parse_major(const char *text) {
    long major = strtol(text, NULL, 10);
    return major > 0 && major < 1000 ? (int)major : 0;
}

static int ask_major(const char *path) {
    OWN(buf) struct buf output;
    buf_init(&output, 256);
    const char *const argv[] = {path, "--version", NULL};
    int status;
    struct err err;
    if (!child_run(argv, ASK_TIMEOUT_MS, &output, &status, &err)) {
        log_warn("runtime.not_asked", "interpreter=%s error=\"%s\"", path, err.text);
        return 0;
    }
    const char *text = buf_text(&output);
    return status == 0 && text[0] == 'v' ? parse_major(text + 1) : 0;
}

/* The major version of a node program, 0 when there is none or it does not say. */
static int node_major(const char *path, const char *cache_path) {
    struct stat status;
    if (stat(path, &status) != 0)
        return 0;
    OWN_MEM char *key = mem_format("%s %lld %lld ", path, (long long)status.st_size,
                                   (long long)status.st_mtime);
    OWN(buf) struct buf cache;
    buf_init(&cache, CACHE_BYTES);
    if (fs_read(cache_path, &cache, NULL)) {
        const char *line = strstr(buf_text(&cache), key);
        if (line)
            return parse_major(line + strlen(key));
    }
    int major = ask_major(path);
    if (cache.len > CACHE_BYTES / 2)
        buf_clear(&cache);
    buf_append_format(&cache, "%s%d\n", key, major);
    struct err err;
    if (!fs_write_atomic(cache_path, cache.data, cache.len, 0600, &err))
        log_warn("runtime.cache_not_written", "error=\"%s\"", err.text);
    return major;
}

/* ---- looking around ---- */

static void add_named(struct runtime_set *set, const char *name, const char *path) {
    const struct runtime_kind *kind = runtime_find(name);
    if (kind && kind->creatable)
        runtime_set_add(set, kind, path);
}

static void look_in(struct runtime_set *set, const char *bin_dir, const char *cache_path) {
    for (int minor = 8; minor <= 14; minor++) {
        OWN_MEM char *path = mem_format("%s/python3.%d", bin_dir, minor);
        char name[32];
        snprintf(name, sizeof name, "python3.%d", minor);
        if (access(path, X_OK) == 0)
            add_named(set, name, path);
    }
    OWN_MEM char *node = fs_join(bin_dir, "node");
    int major = access(node, X_OK) == 0 ? node_major(node, cache_path) : 0;
    if (major > 0) {
        char name[32];
        snprintf(name, sizeof name, "nodejs%d.x", major);
        add_named(set, name, node);
    }
}

struct finder {
    struct runtime_set *set;
    const char *cache_path;
};

static bool find_in_dir(void *arg, char *item, struct err *err) {
    struct finder *finder = arg;
    if (item[0] != '/')
        return err_set(err, ERR_PARAMETER, "setting runtime-dirs has \"%s\", which is not an absolute path",
                       item);
    OWN_MEM char *bin = fs_join(item, "bin");
    look_in(finder->set, bin, finder->cache_path);
    return true;
}

static bool find_mapped(void *arg, char *item, struct err *err) {
    struct finder *finder = arg;
    const char *name = NULL, *path = NULL;
    if (!split_mapping(item, &name, &path, err))
        return false;
    const struct runtime_kind *kind = runtime_find(name);
    if (!kind || !kind->creatable)
        return err_set(err, ERR_PARAMETER,
                       "setting runtimes names \"%s\", which is no runtime that functions can have", name);
    if (access(path, X_OK) != 0)
        return err_set(err, ERR_PARAMETER, "setting runtimes maps %s to %s, which can't be executed", name,
                       path);
    runtime_set_add(finder->set, kind, path);
    return true;
}

bool runtimes_find(const char *mapping, const char *dirs, const char *cache_path, struct runtime_set *ret_set,
                   struct err *err) {
    struct finder finder = {.set = ret_set, .cache_path = cache_path};
    look_in(ret_set, "/usr/bin", cache_path);
    return each_item(dirs, find_in_dir, &finder, err) && each_item(mapping, find_mapped, &finder, err);
}

/* ---- directories for sandboxes ---- */

struct dirs {
    char **items;
    size_t count;
};

static bool add_dir(struct dirs *dirs, char *path, struct err *err) {
    if (dirs->count >= MAX_DIRS) {
        free(path);
        return err_set(err, ERR_LIMIT, "settings runtimes and runtime-dirs name more than %d directories",
                       MAX_DIRS);
    }
    dirs->items[dirs->count++] = path;
    return true;
}

static bool collect_dir(void *arg, char *item, struct err *err) {
    return add_dir(arg, mem_text(item), err);
}

/* "/opt/python/bin/python3.12" needs "/opt/python"; what lies in /usr is there anyway. */
static bool collect_mapped(void *arg, char *item, struct err *err) {
    const char *name = NULL, *path = NULL;
    if (!split_mapping(item, &name, &path, err))
        return false;
    if (access(path, X_OK) != 0)
        return err_set(err, ERR_PARAMETER, "setting runtimes maps %s to %s, which can't be executed", name,
                       path);
    if (strncmp(path, "/usr/", 5) == 0)
        return true;
    OWN_MEM char *dir = mem_text(path);
    char *slash = strrchr(dir, '/');
    *slash = '\0';
    slash = strrchr(dir, '/');
    if (slash && slash != dir && strcmp(slash, "/bin") == 0)
        *slash = '\0';
    if (dir[0] == '\0')
        return err_set(err, ERR_PARAMETER,
                       "setting runtimes maps %s to %s: move the interpreter to a directory of its own", name,
                       path);
    return add_dir(arg, take_ptr(dir), err);
}

bool runtimes_dirs(const char *mapping, const char *dirs, char ***ret_dirs, struct err *err) {
    struct dirs found = {.items = mem_alloc_array(MAX_DIRS + 1, sizeof *found.items)};
    if (!each_item(dirs, collect_dir, &found, err) || !each_item(mapping, collect_mapped, &found, err)) {
        runtimes_dirs_free(found.items);
        return false;
    }
    *ret_dirs = found.items;
    return true;
}

void runtimes_dirs_free(char **dirs) {
    for (size_t i = 0; dirs && dirs[i]; i++)
        free(dirs[i]);
    free(dirs);
}
