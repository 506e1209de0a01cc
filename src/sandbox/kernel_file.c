/* See kernel_file.h. */
#include "sandbox/kernel_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/fd.h"

#define SEPARATORS " \t\n"

bool kernel_file_write(int dir_fd, const char *name, const char *text, struct err *err) {
    OWN_FD int file = openat(dir_fd, name, O_WRONLY | O_CLOEXEC);
    if (file == -1)
        return err_set_errno(err, errno, "can't open %s", name);
    if (write(file, text, strlen(text)) == -1)
        return err_set_errno(err, errno, "can't write \"%s\" into %s", text, name);
    return true;
}

bool kernel_file_read(int dir_fd, const char *name, char *text, size_t size, struct err *err) {
    OWN_FD int file = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
    if (file == -1)
        return err_set_errno(err, errno, "can't open %s", name);
    size_t len = 0;
    while (len < size - 1) {
        ssize_t got = read(file, text + len, size - 1 - len);
        if (got == -1)
            return err_set_errno(err, errno, "can't read %s", name);
        if (got == 0)
            break;
        len += (size_t)got;
    }
    text[len] = '\0';
    return true;
}

bool kernel_file_number(int dir_fd, const char *name, const char *key, uint64_t *ret_number) {
    char text[1024];
    return kernel_file_read(dir_fd, name, text, sizeof text, NULL) &&
           kernel_file_find_number(text, key, ret_number);
}

bool kernel_file_find_number(const char *text, const char *key, uint64_t *ret_number) {
    const char *place = text;
    if (key) {
        size_t key_len = strlen(key);
        while (place && (strncmp(place, key, key_len) != 0 || place[key_len] != ' ')) {
            place = strchr(place, '\n');
            place = place ? place + 1 : NULL;
        }
        if (!place)
            return false;
        place += key_len + 1;
    }
    return kernel_file_next_number(&place, ret_number);
}

bool kernel_file_next_number(const char **cursor, uint64_t *ret_number) {
    const char *start = *cursor + strspn(*cursor, SEPARATORS);
    if (*start < '0' || *start > '9')
        return false;
    char *end;
    *ret_number = strtoull(start, &end, 10);
    *cursor = end;
    return true;
}

bool kernel_file_has_word(const char *text, const char *word) {
    size_t word_len = strlen(word);
    for (text += strspn(text, SEPARATORS); *text; text += strspn(text, SEPARATORS)) {
        size_t len = strcspn(text, SEPARATORS);
        if (len == word_len && memcmp(text, word, len) == 0)
            return true;
        text += len;
    }
    return false;
}
