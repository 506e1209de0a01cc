/* See log_group.h. */
#include "model/log_group.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/limits.h"

#define OWN_PREFIX "/aws/lambda/"
#define OWN_PREFIX_LEN (sizeof OWN_PREFIX - 1)

/* What is kept of a group's name that is too long for a file's. */
#define KEPT_CHARS 128

/* "2026/01/31/": what streams begin with. */
#define DATE_LEN 11

void log_group_of(const struct function *function, char ret_group[LOG_GROUP_BYTES]) {
    snprintf(ret_group, LOG_GROUP_BYTES, "%s%s", function->log_group ? "" : OWN_PREFIX,
             function->log_group ? function->log_group : function->name);
}

/* Whether some function could have this name. */
static bool is_function_name(const char *text) {
    size_t len = 0;
    while (isalnum((unsigned char)text[len]) || text[len] == '-' || text[len] == '_')
        len++;
    return len > 0 && len <= LIMIT_FUNCTION_NAME_CHARS && text[len] == '\0';
}

void log_group_file(const char *group, char ret_file[LOG_GROUP_FILE_BYTES]) {
    if (strncmp(group, OWN_PREFIX, OWN_PREFIX_LEN) == 0 && is_function_name(group + OWN_PREFIX_LEN)) {
        snprintf(ret_file, LOG_GROUP_FILE_BYTES, "%s", group + OWN_PREFIX_LEN);
        return;
    }
    if (strlen(group) + 1 < LOG_GROUP_FILE_BYTES) {
        snprintf(ret_file, LOG_GROUP_FILE_BYTES, "%c%s", LOG_GROUP_FILE_MARK, group);
    } else {
        uint8_t hash[DIGEST_SHA256_BYTES];
        char hex[DIGEST_SHA256_HEX_BYTES];
        digest_sha256(group, strlen(group), hash);
        digest_hex(hash, sizeof hash, hex);
        snprintf(ret_file, LOG_GROUP_FILE_BYTES, "%c%.*s~%s", LOG_GROUP_FILE_MARK, KEPT_CHARS, group, hex);
    }
    for (char *at = ret_file; *at; at++)
        if (*at == '/')
            *at = '+';
}

bool log_group_line_is_of(const char *line, size_t len, const char *function, bool is_own_group) {
    const char *space = memchr(line, ' ', len);
    if (!space)
        return false;
    const char *name = space + 1 + DATE_LEN; /* of the function, in front of "[<version>]" */
    const char *end = line + len;
    size_t name_len = strlen(function);
    if (name >= end)
        return false;
    if (*name == '[')
        return is_own_group;
    return (size_t)(end - name) > name_len && memcmp(name, function, name_len) == 0 && name[name_len] == '[';
}
