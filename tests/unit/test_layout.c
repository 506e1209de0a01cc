/* package/blob and package/layout: whole or not there at all, whatever stands in the way. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "package/blob.h"
#include "package/layout.h"
#include "package/merge.h"
#include "sys/fs.h"
#include "zip_writer.h"

struct place {
    char top[32];
    char blobs[48];
    char layouts[48];
};

static int make_place(void **state) {
    struct place *place = mem_alloc(sizeof *place);
    snprintf(place->top, sizeof place->top, "/tmp/lamb-layout-XXXXXX");
    assert_non_null(mkdtemp(place->top));
    snprintf(place->blobs, sizeof place->blobs, "%s/blobs", place->top);
    snprintf(place->layouts, sizeof place->layouts, "%s/layouts", place->top);
    assert_int_equal(mkdir(place->blobs, 0700), 0);
    assert_int_equal(mkdir(place->layouts, 0700), 0);
    *state = place;
    return 0;
}

static int drop_place(void **state) {
    struct place *place = *state;
    assert_true(fs_remove_tree(place->top, NULL));
    free(place);
    return 0;
}

static void put_package(const struct place *place, const char *text, char digest[DIGEST_SHA256_HEX_BYTES]) {
    struct zip_writer writer;
    struct err err;
    zip_writer_init(&writer);
    zip_add(&writer, (struct zip_item){.name = "lib/index.js", .data = text, .mode = S_IFREG | 0644});
    zip_finish(&writer, false);
    if (!blob_put(place->blobs, writer.out.data, writer.out.len, digest, &err))
        fail_msg("%s", err.text);
    zip_writer_done(&writer);
}

static bool count_one(void *arg, const char *name, struct err *err) {
    (void)name, (void)err;
    ++*(int *)arg;
    return true;
}

static int count_in(const char *dir) {
    int count = 0;
    assert_true(fs_list(dir, count_one, &count, NULL));
    return count;
}

static void expect_content(int dir_fd, const char *text) {
    char content[64] = {0};
    int fd = openat(dir_fd, "lib/index.js", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, content, sizeof content - 1), strlen(text));
    assert_string_equal(content, text);
    close(fd);
}

static void test_blobs(void **state) {
    struct place *place = *state;
    struct err err;
    char digest[DIGEST_SHA256_HEX_BYTES], again[DIGEST_SHA256_HEX_BYTES];
    char content[8] = {0};
    int fd;
    uint64_t size;
    assert_true(blob_put(place->blobs, "abc", 3, digest, &err));
    assert_string_equal(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_true(blob_put(place->blobs, "abc", 3, again, &err));
    assert_string_equal(digest, again);
    assert_int_equal(count_in(place->blobs), 1);
    assert_true(blob_open(place->blobs, digest, &fd, &size, &err));
    assert_int_equal(size, 3);
    assert_int_equal(read(fd, content, sizeof content), 3);
    assert_string_equal(content, "abc");
    close(fd);
    assert_true(blob_remove(place->blobs, digest, &err));
    assert_true(blob_remove(place->blobs, digest, &err));
    assert_false(blob_open(place->blobs, digest, &fd, &size, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_false(blob_open(place->blobs, "../blobs", &fd, &size, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_false(blob_put("/nonexistent", "abc", 3, digest, &err));
    assert_int_equal(err.code, ERR_IO);
}

static void test_damaged_blob_is_replaced(void **state) {
    struct place *place = *state;
    struct err err;
    char digest[DIGEST_SHA256_HEX_BYTES];
    put_package(place, "one", digest);
    OWN_MEM char *path = fs_join(place->blobs, digest);
    struct buf content;
    buf_init(&content, 65536);
    assert_true(fs_read(path, &content, &err));
    content.data[content.len / 2] ^= 1;
    assert_true(fs_write_atomic(path, content.data, content.len, 0600, &err));
    assert_false(layout_make(place->layouts, place->blobs, digest, &err));
    assert_int_equal(err.code, ERR_CORRUPT);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(truncate(path, 10), 0);
    assert_false(layout_make(place->layouts, place->blobs, digest, &err));
    assert_int_equal(err.code, ERR_CORRUPT);
    assert_int_equal(count_in(place->layouts), 0);
    put_package(place, "one", digest);
    assert_true(layout_make(place->layouts, place->blobs, digest, &err));
    buf_done(&content);
}

static void test_layouts(void **state) {
    struct place *place = *state;
    struct err err;
    char digest[DIGEST_SHA256_HEX_BYTES];
    int fd;
    put_package(place, "exports.handler = 1", digest);
    assert_false(layout_open(place->layouts, digest, &fd, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    if (!layout_make(place->layouts, place->blobs, digest, &err))
        fail_msg("%s", err.text);
    assert_true(layout_make(place->layouts, place->blobs, digest, &err));
    assert_int_equal(count_in(place->layouts), 1);
    assert_true(layout_open(place->layouts, digest, &fd, &err));
    assert_int_equal(fcntl(fd, F_GETFL) & O_PATH, O_PATH);
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0755);
    expect_content(fd, "exports.handler = 1");
    /* Who has it open keeps it. */
    assert_true(layout_remove(place->layouts, digest, &err));
    assert_true(layout_remove(place->layouts, digest, &err));
    assert_int_equal(count_in(place->layouts), 0);
    close(fd);
    assert_false(layout_open(place->layouts, digest, &fd, &err));
}

static void test_refusals_leave_nothing(void **state) {
    struct place *place = *state;
    struct err err;
    char digest[DIGEST_SHA256_HEX_BYTES];
    struct zip_writer writer;
    zip_writer_init(&writer);
    zip_add(&writer, (struct zip_item){.name = "good", .data = "x"});
    zip_add(&writer, (struct zip_item){.name = "../bad", .data = "x"});
    zip_finish(&writer, false);
    assert_true(blob_put(place->blobs, writer.out.data, writer.out.len, digest, &err));
    zip_writer_done(&writer);
    assert_false(layout_make(place->layouts, place->blobs, digest, &err));
    assert_int_equal(err.code, ERR_PARAMETER);
    assert_int_equal(count_in(place->layouts), 0);
    digest[0] = digest[0] == 'a' ? 'b' : 'a';
    assert_false(layout_make(place->layouts, place->blobs, digest, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_false(layout_make(place->layouts, place->blobs, "../blobs", &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_true(layout_remove(place->layouts, "../blobs", &err));
    assert_true(fs_exists(place->blobs));
}

static bool is_used(void *arg, const char *digest) {
    return strcmp(arg, digest) == 0;
}

static void test_clean(void **state) {
    struct place *place = *state;
    struct err err;
    char kept[DIGEST_SHA256_HEX_BYTES], dropped[DIGEST_SHA256_HEX_BYTES];
    put_package(place, "kept", kept);
    put_package(place, "dropped", dropped);
    assert_true(layout_make(place->layouts, place->blobs, kept, &err));
    assert_true(layout_make(place->layouts, place->blobs, dropped, &err));
    /* As if the power had gone meanwhile. */
    OWN_MEM char *half = mem_format("%s/%s.Ab12Cd/lib", place->layouts, kept);
    OWN_MEM char *torn = mem_format("%s/%s.0123456789abcdef.tmp", place->blobs, kept);
    assert_true(fs_make_dirs(half, 0755, &err));
    assert_true(fs_write_atomic(torn, "x", 1, 0600, &err));
    if (!layout_clean(place->layouts, is_used, kept, &err) ||
        !layout_clean(place->blobs, is_used, kept, &err))
        fail_msg("%s", err.text);
    assert_int_equal(count_in(place->layouts), 1);
    assert_int_equal(count_in(place->blobs), 1);
    int fd;
    assert_true(layout_open(place->layouts, kept, &fd, &err));
    expect_content(fd, "kept");
    close(fd);
}

struct racer {
    const struct place *place;
    const char *digest;
    bool made;
};

static void *race(void *arg) {
    struct racer *racer = arg;
    racer->made = layout_make(racer->place->layouts, racer->place->blobs, racer->digest, NULL);
    return NULL;
}

/* Two jobs may want the same layout at once. */
static void test_race(void **state) {
    struct place *place = *state;
    char digest[DIGEST_SHA256_HEX_BYTES];
    put_package(place, "raced", digest);
    for (int round = 0; round < 10; round++) {
        struct racer racers[4];
        pthread_t threads[4];
        for (int i = 0; i < 4; i++) {
            racers[i] = (struct racer){place, digest, false};
            assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
        }
        for (int i = 0; i < 4; i++) {
            pthread_join(threads[i], NULL);
            assert_true(racers[i].made);
        }
        assert_int_equal(count_in(place->layouts), 1);
        assert_true(layout_remove(place->layouts, digest, NULL));
    }
}

/* ---- merged layouts ---- */

#define MOST_ITEMS 8

/* Unpacks a package of these entries, ended by one without a name. */
static void make_layer(const struct place *place, const struct zip_item items[],
                       char digest[DIGEST_SHA256_HEX_BYTES]) {
    struct zip_writer writer;
    struct err err;
    zip_writer_init(&writer);
    for (size_t i = 0; items[i].name; i++)
        zip_add(&writer, items[i]);
    zip_finish(&writer, false);
    if (!blob_put(place->blobs, writer.out.data, writer.out.len, digest, &err) ||
        !layout_make(place->layouts, place->blobs, digest, &err))
        fail_msg("%s", err.text);
    zip_writer_done(&writer);
}

static int make_merged(const struct place *place, const struct zip_item layers[][MOST_ITEMS], size_t count) {
    char digests[MOST_ITEMS][DIGEST_SHA256_HEX_BYTES];
    const char *list[MOST_ITEMS];
    struct err err;
    int fd = -1;
    for (size_t i = 0; i < count; i++) {
        make_layer(place, layers[i], digests[i]);
        list[i] = digests[i];
    }
    if (!layout_make_merged(place->layouts, list, count, &err) ||
        !layout_open_merged(place->layouts, list, count, &fd, &err))
        fail_msg("%s", err.text);
    return fd;
}

static void expect_file(int dir_fd, const char *path, const char *text) {
    char content[64] = {0};
    int fd = openat(dir_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        fail_msg("%s: %s", path, strerror(errno));
    assert_int_equal(read(fd, content, sizeof content - 1), strlen(text));
    assert_string_equal(content, text);
    close(fd);
}

static mode_t mode_of(int dir_fd, const char *path) {
    struct stat status;
    if (fstatat(dir_fd, path, &status, AT_SYMLINK_NOFOLLOW) < 0)
        fail_msg("%s: %s", path, strerror(errno));
    return status.st_mode;
}

#define FILE_OF(path, text)                                                                                  \
    { .name = path, .data = text, .mode = S_IFREG | 0644 }
#define LINK_TO(path, target)                                                                                \
    { .name = path, .data = target, .mode = S_IFLNK | 0777 }

static void test_merged(void **state) {
    static const struct zip_item layers[][MOST_ITEMS] = {
        {FILE_OF("lib/a", "one"),
         FILE_OF("lib/b", "one"),
         FILE_OF("only/one", "one"),
         {.name = "lib/", .mode = S_IFDIR | 0700}},
        {FILE_OF("lib/b", "two"),
         FILE_OF("lib/c", "two"),
         {.name = "lib/", .mode = S_IFDIR | 0750},
         {.name = "bin/run", .data = "two", .mode = S_IFREG | 0755}},
        {FILE_OF("lib/c", "three")},
    };
    int fd = make_merged(*state, layers, 3);
    expect_file(fd, "lib/a", "one");
    expect_file(fd, "lib/b", "two");
    expect_file(fd, "lib/c", "three");
    expect_file(fd, "only/one", "one");
    assert_int_equal(mode_of(fd, "bin/run"), S_IFREG | 0755);
    assert_int_equal(mode_of(fd, "."), S_IFDIR | 0755);
    close(fd);
    /* Another order is another directory, and one alone stands for itself. */
    struct place *place = *state;
    assert_int_equal(count_in(place->layouts), 4);
    const struct zip_item turned[][MOST_ITEMS] = {{FILE_OF("lib/c", "three")}, {FILE_OF("lib/c", "four")}};
    fd = make_merged(*state, turned, 2);
    expect_file(fd, "lib/c", "four");
    close(fd);
    fd = make_merged(*state, turned, 1);
    expect_file(fd, "lib/c", "three");
    close(fd);
    assert_int_equal(count_in(place->layouts), 6);
}

static void test_merged_kinds_give_way(void **state) {
    static const struct zip_item layers[][MOST_ITEMS] = {
        {FILE_OF("file", "one"), FILE_OF("dir/inner/deep", "one"), LINK_TO("link", "dir"),
         FILE_OF("gone/x", "one"), LINK_TO("stays", "dir/inner/deep")},
        {FILE_OF("file/now/a/dir", "two"), FILE_OF("dir", "two"), FILE_OF("link/in", "two"),
         LINK_TO("gone", "file")},
    };
    int fd = make_merged(*state, layers, 2);
    expect_file(fd, "file/now/a/dir", "two");
    expect_file(fd, "dir", "two");
    assert_int_equal(mode_of(fd, "link") & S_IFMT, S_IFDIR);
    expect_file(fd, "link/in", "two");
    assert_int_equal(mode_of(fd, "gone") & S_IFMT, S_IFLNK);
    char target[64] = {0};
    assert_int_equal(readlinkat(fd, "stays", target, sizeof target), strlen("dir/inner/deep"));
    close(fd);
    /* The layouts they are made of are as they were. */
    struct place *place = *state;
    char digest[DIGEST_SHA256_HEX_BYTES];
    make_layer(place, layers[0], digest);
    assert_true(layout_open(place->layouts, digest, &fd, NULL));
    expect_file(fd, "dir/inner/deep", "one");
    expect_file(fd, "file", "one");
    close(fd);
}

/* What a symlink of one layer leads to must be out of reach for the entries of another. */
static void test_merged_follows_no_link(void **state) {
    static const struct zip_item layers[][MOST_ITEMS] = {
        {FILE_OF("real/kept", "one"), LINK_TO("way", "real"), LINK_TO("a/b/up", "../..")},
        {FILE_OF("way/kept", "two"), FILE_OF("a/b/up/real/kept", "two")},
    };
    int fd = make_merged(*state, layers, 2);
    expect_file(fd, "real/kept", "one");
    expect_file(fd, "way/kept", "two");
    assert_int_equal(mode_of(fd, "way") & S_IFMT, S_IFDIR);
    assert_int_equal(mode_of(fd, "a/b/up") & S_IFMT, S_IFDIR);
    close(fd);
}

static void test_merged_needs_its_parts(void **state) {
    struct place *place = *state;
    static const struct zip_item items[MOST_ITEMS] = {FILE_OF("a", "one")};
    char one[DIGEST_SHA256_HEX_BYTES], two[DIGEST_SHA256_HEX_BYTES];
    struct err err;
    int fd;
    make_layer(place, items, one);
    put_package(place, "two", two);
    const char *list[] = {one, two};
    assert_false(layout_make_merged(place->layouts, list, 2, &err));
    assert_int_equal(count_in(place->layouts), 1);
    assert_false(layout_open_merged(place->layouts, list, 2, &fd, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

/* As deep as a package can be: no descriptor for each directory on the way. */
static void test_merged_deep(void **state) {
    char path[1024];
    for (size_t i = 0; i < sizeof path; i += 2)
        memcpy(path + i, "d/", 2);
    path[sizeof path - 1] = '\0';
    path[sizeof path - 2] = 'f';
    const struct zip_item layers[][MOST_ITEMS] = {{FILE_OF(path, "one")}, {FILE_OF(path, "two")}};
    struct rlimit old, few;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    few = (struct rlimit){.rlim_cur = 64, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    int fd = make_merged(*state, layers, 2);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    expect_file(fd, path, "two");
    close(fd);
}

/* Between file systems there are no hard links. */
static void test_merge_copies(void **state) {
    struct place *place = *state;
    struct stat here, there;
    struct err err;
    char from[] = "/dev/shm/lamb-layout-XXXXXX";
    if (!mkdtemp(from) || stat(from, &there) < 0 || stat(place->top, &here) < 0 ||
        here.st_dev == there.st_dev) {
        fs_remove_tree(from, NULL);
        skip();
    }
    OWN_MEM char *file = fs_join(from, "tool");
    assert_true(fs_write_atomic(file, "content", 7, 0751, &err));
    if (!merge_tree(from, place->layouts, &err))
        fail_msg("%s", err.text);
    int fd = open(place->layouts, O_PATH | O_DIRECTORY | O_CLOEXEC);
    expect_file(fd, "tool", "content");
    assert_int_equal(mode_of(fd, "tool"), S_IFREG | 0751);
    close(fd);
    assert_true(fs_remove_tree(from, NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, drop_place)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_blobs),
        TEST(test_damaged_blob_is_replaced),
        TEST(test_layouts),
        TEST(test_refusals_leave_nothing),
        TEST(test_clean),
        TEST(test_race),
        TEST(test_merged),
        TEST(test_merged_kinds_give_way),
        TEST(test_merged_follows_no_link),
        TEST(test_merged_needs_its_parts),
        TEST(test_merged_deep),
        TEST(test_merge_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
