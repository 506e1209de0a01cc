/* Names of entries. Any byte may stand in a name but control characters and backslashes: names need not be
 * UTF-8. */
#include "package/entry_path.h"

#include <limits.h>
#include <string.h>

#define SHOWN_NAME_BYTES 200

static bool is_control(char c) {
    return (unsigned char)c < 0x20 || c == 0x7f;
}

bool entry_refuse(const char *name, size_t name_len, const char *why, struct err *err) {
    char shown[SHOWN_NAME_BYTES];
    size_t len = name_len < sizeof shown ? name_len : sizeof shown;
    for (size_t i = 0; i < len; i++)
        shown[i] = is_control(name[i]) ? '?' : name[i];
    return err_set(err, ERR_PARAMETER, "Could not unzip uploaded file. The entry '%.*s' %s.", (int)len, shown,
                   why);
}

/* What is wrong with the bytes of a name; NULL when nothing is. */
static const char *find_fault(const char *name, size_t len) {
    if (len == 0)
        return "has no name";
    if (len > LIMIT_ZIP_PATH_BYTES)
        return "has a name that is too long";
    if (name[0] == '/')
        return "has an absolute path";
    for (size_t i = 0; i < len; i++) {
        if (is_control(name[i]))
            return "has control characters in its name";
        if (name[i] == '\\')
            return "has a backslash in its name; paths in a package are written with '/'";
    }
    return NULL;
}

/* Takes the next component, perhaps an empty one, off the front. False at the end. */
static bool next_component(const char **text, size_t *len, const char **ret_component,
                           size_t *ret_component_len) {
    if (!*text)
        return false;
    const char *slash = *len > 0 ? memchr(*text, '/', *len) : NULL;
    *ret_component = *text;
    *ret_component_len = slash ? (size_t)(slash - *text) : *len;
    *text = slash ? slash + 1 : NULL;
    *len -= *ret_component_len + (slash ? 1 : 0);
    return true;
}

static bool is_dots(const char *component, size_t len, size_t dots) {
    return len == dots && memcmp(component, "..", dots) == 0;
}

bool entry_path_clean(const char *name, size_t name_len, char ret_path[ENTRY_PATH_BYTES],
                      bool *ret_is_directory, struct err *err) {
    const char *fault = find_fault(name, name_len);
    if (fault)
        return entry_refuse(name, name_len, fault, err);
    size_t path_len = 0;
    const char *rest = name;
    size_t rest_len = name_len;
    const char *component;
    size_t len;
    while (next_component(&rest, &rest_len, &component, &len)) {
        if (len == 0 || is_dots(component, len, 1))
            continue;
        if (is_dots(component, len, 2))
            return entry_refuse(name, name_len, "would leave the package", err);
        if (len > NAME_MAX)
            return entry_refuse(name, name_len, "has a name that is too long", err);
        if (path_len > 0)
            ret_path[path_len++] = '/';
        memcpy(ret_path + path_len, component, len);
        path_len += len;
    }
    ret_path[path_len] = '\0';
    *ret_is_directory = path_len == 0 || name[name_len - 1] == '/';
    return true;
}

bool entry_path_check_target(const char *path, const char *target, size_t target_len, struct err *err) {
    size_t path_len = strlen(path);
    if (target_len == 0 || target_len > LIMIT_ZIP_PATH_BYTES || memchr(target, '\0', target_len))
        return entry_refuse(path, path_len, "is a symlink without a proper target", err);
    size_t depth = 0; /* of the directory that the link lies in, then of each place on the way */
    for (const char *c = path; *c; c++)
        depth += *c == '/';
    bool leaves = target[0] == '/';
    const char *component;
    size_t len;
    while (!leaves && next_component(&target, &target_len, &component, &len)) {
        if (is_dots(component, len, 2))
            leaves = depth-- == 0;
        else if (len > 0 && !is_dots(component, len, 1))
            depth++;
    }
    return !leaves || entry_refuse(path, path_len, "is a symlink that leaves the package", err);
}
