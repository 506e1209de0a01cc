/* Packages by content. A file is there under its name whole, or not at all. */
#include "package/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "package/digest_name.h"
#include "sys/fd.h"
#include "sys/fs.h"

#define PIECE_BYTES 65536

/* Whether the file holds just these bytes. One that was damaged must give way to a new deployment of the same
 * code. */
static bool is_intact(const char *path, const char *data, size_t len) {
    OWN_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    OWN_MEM char *piece = mem_alloc(PIECE_BYTES);
    if (fd < 0)
        return false;
    for (size_t done = 0;;) {
        ssize_t got = read(fd, piece, PIECE_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            return done == len;
        if (got < 0 || (size_t)got > len - done || memcmp(piece, data + done, (size_t)got) != 0)
            return false;
        done += (size_t)got;
    }
}

bool blob_put(const char *dir, const void *data, size_t len, char ret_digest[DIGEST_SHA256_HEX_BYTES],
              struct err *err) {
    uint8_t hash[DIGEST_SHA256_BYTES];
    char digest[DIGEST_SHA256_HEX_BYTES];
    digest_sha256(data, len, hash);
    digest_hex(hash, sizeof hash, digest);
    OWN_MEM char *path = fs_join(dir, digest);
    if (!is_intact(path, data, len) && !fs_write_atomic(path, data, len, 0600, err))
        return err_wrap(err, "Can't store a package of %zu bytes", len);
    memcpy(ret_digest, digest, sizeof digest);
    return true;
}

bool blob_open(const char *dir, const char *digest, int *ret_fd, uint64_t *ret_size_bytes, struct err *err) {
    if (!digest_name_is_valid(digest))
        return err_set(err, ERR_NOT_FOUND, "There is no package %s", digest);
    OWN_MEM char *path = fs_join(dir, digest);
    OWN_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    if (fd < 0 && errno == ENOENT)
        return err_set(err, ERR_NOT_FOUND, "There is no package %s", digest);
    if (fd < 0 || fstat(fd, &status) < 0)
        return err_set_errno(err, errno, "Can't open the package %s", path);
    *ret_size_bytes = (uint64_t)status.st_size;
    *ret_fd = take_fd(&fd);
    return true;
}

bool blob_remove(const char *dir, const char *digest, struct err *err) {
    if (!digest_name_is_valid(digest))
        return true;
    OWN_MEM char *path = fs_join(dir, digest);
    return unlink(path) == 0 || errno == ENOENT ||
           err_set_errno(err, errno, "Can't remove the package %s", path);
}
