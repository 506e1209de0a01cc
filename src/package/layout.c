/* Layouts: made beside, then renamed. Under its name a layout is whole; what was being made
 * when the power went has another name and is removed at start. The directories are the cache of the blobs,
 * which are what counts. */
#include "package/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "package/blob.h"
#include "package/digest_name.h"
#include "package/merge.h"
#include "package/unzip.h"
#include "sys/fd.h"
#include "sys/fs.h"

/* A package from elsewhere may be larger packed than one that was uploaded directly, never larger than
 * unpacked. */
#define BLOB_BYTES LIMIT_UNZIPPED_BYTES

/* Reads the blob and makes sure that it is what its name says: code that nobody deployed must never run. */
static bool read_blob(const char *blob_dir, const char *digest, struct buf *blob, struct err *err) {
    uint8_t hash[DIGEST_SHA256_BYTES];
    char found[DIGEST_SHA256_HEX_BYTES];
    OWN_MEM char *path = fs_join(blob_dir, digest);
    if (!fs_read(path, blob, err)) {
        if (err && err->errnum == ENOENT)
            err->code = ERR_NOT_FOUND;
        return false;
    }
    digest_sha256(buf_text(blob), blob->len, hash);
    digest_hex(hash, sizeof hash, found);
    return strcmp(found, digest) == 0 ||
           err_set(err, ERR_CORRUPT, "The package %s is damaged: its content has the digest %s", path, found);
}

/* What a directory is filled with: a package, or other layouts. */
struct source {
    const struct buf *blob;
    const char *layout_dir;
    const char *const *digests; /* when `blob` is NULL */
    size_t count;
};

static bool merge_all(const struct source *source, const char *path, struct err *err) {
    for (size_t i = 0; i < source->count; i++) {
        OWN_MEM char *part = fs_join(source->layout_dir, source->digests[i]);
        if (!merge_tree(part, path, err))
            return false;
    }
    return true;
}

/* One syncfs for all of it: a name that survives a power cut must not stand for files that did not. */
static bool fill(const char *path, const struct source *source, struct err *err) {
    const struct unzip_limits limits = {LIMIT_UNZIPPED_BYTES, LIMIT_ZIP_ENTRIES};
    OWN_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, errno, "Can't open the directory %s", path);
    bool filled = source->blob ? unzip_extract(buf_text(source->blob), source->blob->len, &limits, fd, err)
                               : merge_all(source, path, err);
    if (!filled)
        return false;
    if (fchmod(fd, 0755) < 0)
        return err_set_errno(err, errno, "Can't set the mode of %s", path);
    return syncfs(fd) == 0 || err_set_errno(err, errno, "Can't sync %s", path);
}

/* Somebody else may have made the same layout meanwhile: that one is as good. */
static bool move_into_place(const char *beside, const char *path, struct err *err) {
    if (rename(beside, path) == 0)
        return true;
    if (errno == ENOTEMPTY || errno == EEXIST)
        return fs_remove_tree(beside, err);
    return err_set_errno(err, errno, "Can't rename %s to %s", beside, path);
}

static bool make(const char *path, const struct source *source, struct err *err) {
    OWN_MEM char *beside = mem_format("%s.XXXXXX", path);
    if (!mkdtemp(beside))
        return err_set_errno(err, errno, "Can't make the directory %s", beside);
    if (fill(beside, source, err) && move_into_place(beside, path, err))
        return true;
    fs_remove_tree(beside, NULL);
    return false;
}

bool layout_make(const char *layout_dir, const char *blob_dir, const char *digest, struct err *err) {
    if (!digest_name_is_valid(digest))
        return err_set(err, ERR_NOT_FOUND, "There is no package %s", digest);
    OWN_MEM char *path = fs_join(layout_dir, digest);
    if (fs_exists(path))
        return true;
    OWN(buf) struct buf blob;
    buf_init(&blob, BLOB_BYTES);
    if (!read_blob(blob_dir, digest, &blob, err))
        return err_wrap(err, "Can't unpack a package");
    return make(path, &(struct source){.blob = &blob}, err);
}

bool layout_make_merged(const char *layout_dir, const char *const digests[], size_t count, struct err *err) {
    char name[DIGEST_SHA256_HEX_BYTES];
    layout_name_merged(digests, count, name);
    OWN_MEM char *path = fs_join(layout_dir, name);
    const struct source source = {.layout_dir = layout_dir, .digests = digests, .count = count};
    return fs_exists(path) || make(path, &source, err);
}

bool layout_open(const char *layout_dir, const char *digest, int *ret_fd, struct err *err) {
    if (!digest_name_is_valid(digest))
        return err_set(err, ERR_NOT_FOUND, "The package %s was not unpacked", digest);
    OWN_MEM char *path = fs_join(layout_dir, digest);
    int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return err_set(err, ERR_NOT_FOUND, "The package %s was not unpacked", digest);
    if (fd < 0)
        return err_set_errno(err, errno, "Can't open the directory %s", path);
    *ret_fd = fd;
    return true;
}

void layout_name_merged(const char *const digests[], size_t count, char ret_name[DIGEST_SHA256_HEX_BYTES]) {
    uint8_t hash[DIGEST_SHA256_BYTES];
    if (count == 1) {
        memcpy(ret_name, digests[0], strlen(digests[0]) + 1);
        return;
    }
    struct digest_stream *stream = digest_stream_new();
    for (size_t i = 0; i < count; i++)
        digest_stream_add(stream, digests[i], strlen(digests[i]));
    digest_stream_finish(stream, hash);
    digest_stream_free(stream);
    digest_hex(hash, sizeof hash, ret_name);
}

bool layout_open_merged(const char *layout_dir, const char *const digests[], size_t count, int *ret_fd,
                        struct err *err) {
    char name[DIGEST_SHA256_HEX_BYTES];
    layout_name_merged(digests, count, name);
    return layout_open(layout_dir, name, ret_fd, err);
}

/* Renamed away first: a layout that is half removed must not stand under its name. */
bool layout_remove(const char *layout_dir, const char *digest, struct err *err) {
    if (!digest_name_is_valid(digest))
        return true;
    OWN_MEM char *path = fs_join(layout_dir, digest);
    OWN_MEM char *beside = mem_format("%s.XXXXXX", path);
    if (!fs_exists(path))
        return true;
    if (!mkdtemp(beside))
        return err_set_errno(err, errno, "Can't make the directory %s", beside);
    OWN_MEM char *grave = fs_join(beside, digest);
    if (rename(path, grave) < 0 && errno != ENOENT) {
        err_set_errno(err, errno, "Can't rename %s", path);
        fs_remove_tree(beside, NULL);
        return false;
    }
    return fs_remove_tree(beside, err);
}

struct cleaning {
    const char *dir;
    bool (*is_used)(void *arg, const char *name);
    void *arg;
};

static bool clean_one(void *arg, const char *name, struct err *err) {
    const struct cleaning *cleaning = arg;
    if (digest_name_is_valid(name) && cleaning->is_used(cleaning->arg, name))
        return true;
    OWN_MEM char *path = fs_join(cleaning->dir, name);
    return fs_remove_tree(path, err);
}

bool layout_clean(const char *dir, bool (*is_used)(void *arg, const char *name), void *arg, struct err *err) {
    struct cleaning cleaning = {dir, is_used, arg};
    return fs_list(dir, clean_one, &cleaning, err);
}
