/* Runs a fuzz target over the files of a directory: a corpus as an ordinary test, without libFuzzer. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sys/fs.h"

#define FILE_BYTES (64u * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct replay {
    const char *dir;
    size_t files;
};

static bool run_file(void *arg, const char *name, struct err *err) {
    struct replay *replay = arg;
    OWN_MEM char *path = fs_join(replay->dir, name);
    OWN(buf) struct buf input;
    buf_init(&input, FILE_BYTES);
    if (!fs_read(path, &input, err))
        return false;
    LLVMFuzzerTestOneInput((const uint8_t *)buf_text(&input), input.len);
    replay->files++;
    return true;
}

int main(int argc, char *argv[]) {
    struct replay replay = {.dir = argc > 1 ? argv[1] : "."};
    struct err err;
    if (!fs_list(replay.dir, run_file, &replay, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    printf("%zu files\n", replay.files);
    return replay.files > 0 ? 0 : 1;
}
