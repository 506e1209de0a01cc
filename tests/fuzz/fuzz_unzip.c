/* Packages from strangers: whatever the bytes are, checking them ends, within its limits, in yes or no; and
 * what was accepted can be unpacked. Every 16th accepted package is really unpacked, since that takes the
 * disk. */
#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/digest.h"
#include "package/unzip.h"
#include "sys/fd.h"
#include "sys/fs.h"

static void unpack(const uint8_t *data, size_t size, const struct unzip_limits *limits) {
    char dir[] = "/tmp/lamb-fuzz-unzip-XXXXXX";
    struct err err;
    assert(mkdtemp(dir));
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert(fd >= 0);
    bool unpacked = unzip_extract(data, size, limits, fd, &err);
    fd_close(&fd);
    bool removed = fs_remove_tree(dir, &err);
    assert(unpacked && removed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct unzip_limits limits = {1024 * 1024, 200};
    struct err err;
    uint64_t unzipped = UINT64_MAX;
    if (!unzip_check(data, size, &limits, &unzipped, &err)) {
        assert(err.code == ERR_PARAMETER && err.text[0] != '\0' && unzipped == UINT64_MAX);
        return 0;
    }
    assert(unzipped <= limits.unzipped_bytes);
    if (digest_crc32(data, size) % 16 == 0)
        unpack(data, size, &limits);
    return 0;
}
