/* See cgroup_layout.h. A line of mountinfo (proc_pid_mountinfo(5)) is
 *
 *   36 31 0:33 ROOT MOUNT_POINT mount,options [optional fields...] - TYPE SOURCE super,options
 *
 * with blanks inside a field written as octal \040, and a line of /proc/self/cgroup (cgroups(7)) is
 * ID:CONTROLLERS:PATH, with an ID of 0 and no controllers for the unified hierarchy. */
#include "sandbox/cgroup_layout.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sys/fs.h"

/* A machine with thousands of mounts has a mountinfo of some hundred kB. */
#define MAX_PROC_FILE_BYTES (8u * 1024 * 1024)

const char *cgroup_controller_name(enum cgroup_controller controller) {
    static const char *const names[CGROUP_CONTROLLERS] = {
        [CGROUP_MEMORY] = "memory",
        [CGROUP_CPU] = "cpu",
        [CGROUP_PIDS] = "pids",
        [CGROUP_FREEZER] = "freezer",
    };
    return names[controller];
}

/* The next piece of *cursor up to `separator`, in place; NULL at the end. */
static char *next_piece(char **cursor, char separator) {
    char *piece = *cursor;
    if (!piece)
        return NULL;
    char *end = strchr(piece, separator);
    if (end)
        *end = '\0';
    *cursor = end ? end + 1 : NULL;
    return piece;
}

static bool is_octal(char digit) {
    return digit >= '0' && digit <= '7';
}

/* Replaces \ooo in place. */
static char *unescape(char *text) {
    char *to = text;
    for (const char *from = text; *from; to++) {
        if (from[0] == '\\' && is_octal(from[1]) && is_octal(from[2]) && is_octal(from[3])) {
            *to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
    return text;
}

static bool list_has(const char *list, const char *name) {
    size_t len = strlen(name);
    for (const char *place = list; (place = strstr(place, name)); place += len) {
        bool starts = place == list || place[-1] == ',';
        bool ends = place[len] == '\0' || place[len] == ',';
        if (starts && ends)
            return true;
    }
    return false;
}

struct mount_line {
    char *root;
    char *mount_point;
    char *type;
    char *super_options;
};

static bool parse_mount_line(char *line, struct mount_line *ret) {
    char *fields[6];
    for (size_t i = 0; i < 6; i++)
        if (!(fields[i] = next_piece(&line, ' ')))
            return false;
    char *optional;
    while ((optional = next_piece(&line, ' ')) && strcmp(optional, "-") != 0)
        continue;
    ret->root = unescape(fields[3]);
    ret->mount_point = unescape(fields[4]);
    ret->type = next_piece(&line, ' ');
    next_piece(&line, ' ');
    ret->super_options = next_piece(&line, ' ');
    return ret->super_options != NULL;
}

/* The path of the unified hierarchy, or "/". */
static char *find_own_path(const char *self_cgroup) {
    OWN_MEM char *copy = mem_text(self_cgroup);
    char *cursor = copy;
    char *line;
    while ((line = next_piece(&cursor, '\n')))
        if (strncmp(line, "0::/", 4) == 0)
            return mem_text(line + 3);
    return mem_text("/");
}

/* `path` as seen from a mount that shows the hierarchy from `root` on. A path outside of it ("/.." in a
 * cgroup namespace) has no name there: "/" then. */
static char *make_relative(const char *path, const char *root) {
    size_t root_len = strcmp(root, "/") == 0 ? 0 : strlen(root);
    bool is_inside = strncmp(path, root, root_len) == 0 && (path[root_len] == '/' || path[root_len] == '\0');
    if (!is_inside || path[root_len] == '\0' || strncmp(path, "/..", 3) == 0)
        return mem_text("/");
    return mem_text(path + root_len);
}

static bool has_unified(const struct cgroup_layout *layout) {
    return layout->count > 0 && layout->trees[0].is_unified;
}

static bool is_offered(const struct cgroup_layout *layout, enum cgroup_controller controller) {
    for (size_t i = 0; i < layout->count; i++)
        if (layout->trees[i].offers[controller])
            return true;
    return false;
}

/* Takes a version 1 hierarchy when it brings a controller that no earlier one did. */
static void take_version1(struct cgroup_layout *layout, const struct mount_line *mount) {
    struct cgroup_tree tree = {0};
    bool useful = false;
    for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
        enum cgroup_controller controller = (enum cgroup_controller)i;
        tree.offers[i] = list_has(mount->super_options, cgroup_controller_name(controller)) &&
                         !is_offered(layout, controller);
        useful |= tree.offers[i];
    }
    if (!useful)
        return;
    tree.mount_point = mem_text(mount->mount_point);
    tree.options = mem_text(mount->super_options);
    layout->trees[layout->count++] = tree;
}

static void take_unified(struct cgroup_layout *layout, const struct mount_line *mount,
                         const char *self_cgroup) {
    OWN_MEM char *own = find_own_path(self_cgroup);
    memmove(layout->trees + 1, layout->trees, layout->count * sizeof layout->trees[0]);
    layout->trees[0] = (struct cgroup_tree){
        .mount_point = mem_text(mount->mount_point),
        .options = mem_text(mount->super_options),
        .own = make_relative(own, mount->root),
        .is_unified = true,
    };
    layout->count++;
}

void cgroup_layout_parse(struct cgroup_layout *ret_layout, const char *mountinfo, const char *self_cgroup) {
    struct cgroup_layout layout = {0};
    OWN_MEM char *copy = mem_text(mountinfo);
    char *cursor = copy;
    char *line;
    while ((line = next_piece(&cursor, '\n'))) {
        struct mount_line mount;
        if (!parse_mount_line(line, &mount))
            continue;
        if (strcmp(mount.type, "cgroup2") == 0 && !has_unified(&layout))
            take_unified(&layout, &mount, self_cgroup);
        else if (strcmp(mount.type, "cgroup") == 0)
            take_version1(&layout, &mount);
    }
    *ret_layout = layout;
}

bool cgroup_layout_read(struct cgroup_layout *ret_layout, const char *mountinfo_path,
                        const char *self_cgroup_path, struct err *err) {
    OWN(buf) struct buf mountinfo;
    OWN(buf) struct buf self_cgroup;
    buf_init(&mountinfo, MAX_PROC_FILE_BYTES);
    buf_init(&self_cgroup, MAX_PROC_FILE_BYTES);
    if (!fs_read(mountinfo_path, &mountinfo, err) || !fs_read(self_cgroup_path, &self_cgroup, err))
        return false;
    if (!buf_append_byte(&mountinfo, '\0') || !buf_append_byte(&self_cgroup, '\0'))
        return err_set(err, ERR_LIMIT, "%s is too large", mountinfo_path);
    cgroup_layout_parse(ret_layout, buf_text(&mountinfo), buf_text(&self_cgroup));
    return true;
}

void cgroup_layout_done(struct cgroup_layout *layout) {
    for (size_t i = 0; i < layout->count; i++) {
        free(layout->trees[i].mount_point);
        free(layout->trees[i].options);
        free(layout->trees[i].own);
    }
    *layout = (struct cgroup_layout){0};
}
