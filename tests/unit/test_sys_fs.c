/* sys/fs: files and trees, in a directory of each test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/fs.h"

static int set_up(void **state) {
    char path[] = "/tmp/lamb-test-fs-XXXXXX";
    if (!mkdtemp(path))
        return -1;
    *state = mem_text(path);
    return 0;
}

static int tear_down(void **state) {
    bool ok = fs_remove_tree(*state, NULL);
    free(*state);
    return ok ? 0 : -1;
}

static void write_text(const char *path, const char *text) {
    assert_true(fs_write_atomic(path, text, strlen(text), 0644, NULL));
}

static void assert_content(const char *path, const char *expected) {
    OWN(buf) struct buf buf;
    buf_init(&buf, 1000);
    assert_true(fs_read(path, &buf, NULL));
    assert_string_equal(buf_text(&buf), expected);
}

static bool count_entry(void *arg, const char *name, struct err *err) {
    (void)name;
    (void)err;
    (*(int *)arg)++;
    return true;
}

static int count_entries(const char *path) {
    int count = 0;
    assert_true(fs_list(path, count_entry, &count, NULL));
    return count;
}

static void test_join(void **state) {
    (void)state;
    OWN_MEM char *plain = fs_join("a/b", "c");
    assert_string_equal(plain, "a/b/c");
    OWN_MEM char *slash = fs_join("/", "c");
    assert_string_equal(slash, "/c");
}

static void test_make_dirs(void **state) {
    OWN_MEM char *deep = fs_join(*state, "a//b/c/");
    assert_true(fs_make_dirs(deep, 0700, NULL));
    assert_true(fs_exists(deep));
    struct stat status;
    assert_int_equal(chmod(deep, 0750), 0);
    assert_true(fs_make_dirs(deep, 0700, NULL));
    assert_int_equal(stat(deep, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0750);
    assert_true(fs_make_dirs("/", 0700, NULL));

    OWN_MEM char *file = fs_join(*state, "file");
    write_text(file, "x");
    struct err err;
    assert_false(fs_make_dirs(file, 0700, &err));
    assert_int_equal(err.errnum, ENOTDIR);
    OWN_MEM char *below = fs_join(file, "below");
    assert_false(fs_make_dirs(below, 0700, &err));
    assert_int_equal(err.errnum, ENOTDIR);
    assert_non_null(strstr(err.text, below));
}

static void test_read(void **state) {
    OWN_MEM char *path = fs_join(*state, "file");
    write_text(path, "12345");
    OWN(buf) struct buf exact;
    buf_init(&exact, 5);
    assert_true(fs_read(path, &exact, NULL));
    assert_string_equal(buf_text(&exact), "12345");
    OWN(buf) struct buf small;
    buf_init(&small, 4);
    struct err err;
    assert_false(fs_read(path, &small, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    OWN_MEM char *missing = fs_join(*state, "missing");
    assert_false(fs_read(missing, &exact, &err));
    assert_int_equal(err.errnum, ENOENT);
    assert_non_null(strstr(err.text, missing));
}

static void test_read_of_a_large_file(void **state) {
    OWN_MEM char *path = fs_join(*state, "file");
    size_t len = 300000;
    OWN_MEM char *data = mem_alloc(len);
    memset(data, 'l', len);
    assert_true(fs_write_atomic(path, data, len, 0600, NULL));
    OWN(buf) struct buf buf;
    buf_init(&buf, 1000000);
    assert_true(fs_read(path, &buf, NULL));
    assert_int_equal(buf.len, len);
    assert_memory_equal(buf.data, data, len);
}

static void test_write_atomic(void **state) {
    OWN_MEM char *path = fs_join(*state, "file");
    assert_true(fs_write_atomic(path, "old", 3, 0640, NULL));
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    int old = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fs_write_atomic(path, "newer", 5, 0600, NULL));
    assert_content(path, "newer");
    /* Whoever has the old file open keeps it whole. */
    char text[8] = "";
    assert_int_equal(read(old, text, sizeof text), 3);
    assert_string_equal(text, "old");
    close(old);
    assert_int_equal(count_entries(*state), 1);
}

static void test_a_failed_write_leaves_nothing(void **state) {
    OWN_MEM char *path = fs_join(*state, "dir");
    assert_true(fs_make_dirs(path, 0700, NULL));
    struct err err;
    assert_false(fs_write_atomic(path, "x", 1, 0600, &err));
    assert_int_equal(err.errnum, EISDIR);
    assert_int_equal(count_entries(*state), 1);
    OWN_MEM char *below = fs_join(*state, "missing/file");
    assert_false(fs_write_atomic(below, "x", 1, 0600, &err));
    assert_int_equal(err.errnum, ENOENT);
}

static bool stop_at_once(void *arg, const char *name, struct err *err) {
    (*(int *)arg)++;
    return err_set(err, ERR_CONFLICT, "%s", name);
}

static void test_list(void **state) {
    OWN_MEM char *one = fs_join(*state, "one");
    OWN_MEM char *two = fs_join(*state, "two");
    write_text(one, "");
    write_text(two, "");
    assert_int_equal(count_entries(*state), 2);
    int calls = 0;
    struct err err;
    assert_false(fs_list(*state, stop_at_once, &calls, &err));
    assert_int_equal(calls, 1);
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_false(fs_list(one, count_entry, &calls, &err));
    assert_int_equal(err.errnum, ENOTDIR);
}

static void test_remove_of_simple_things(void **state) {
    OWN_MEM char *path = fs_join(*state, "thing");
    assert_true(fs_remove_tree(path, NULL));
    write_text(path, "x");
    assert_true(fs_remove_tree(path, NULL));
    assert_false(fs_exists(path));
    assert_true(fs_make_dirs(path, 0700, NULL));
    assert_true(fs_remove_tree(path, NULL));
    assert_false(fs_exists(path));
}

static void test_remove_does_not_follow(void **state) {
    OWN_MEM char *precious = fs_join(*state, "precious");
    assert_true(fs_make_dirs(precious, 0700, NULL));
    OWN_MEM char *file = fs_join(precious, "file");
    write_text(file, "keep");
    OWN_MEM char *tree = fs_join(*state, "tree/sub/deeper");
    assert_true(fs_make_dirs(tree, 0700, NULL));
    OWN_MEM char *link = fs_join(tree, "link");
    assert_int_equal(symlink(precious, link), 0);
    OWN_MEM char *top = fs_join(*state, "tree");
    OWN_MEM char *direct = fs_join(*state, "direct");
    assert_int_equal(symlink(precious, direct), 0);
    assert_true(fs_remove_tree(top, NULL));
    assert_false(fs_exists(top));
    assert_true(fs_remove_tree(direct, NULL));
    assert_content(file, "keep");
    assert_int_equal(count_entries(*state), 1);
}

static void test_remove_of_read_only_trees(void **state) {
    OWN_MEM char *deep = fs_join(*state, "tree/a/b/c");
    assert_true(fs_make_dirs(deep, 0700, NULL));
    OWN_MEM char *file = fs_join(deep, "file");
    write_text(file, "x");
    static const char *const paths[] = {"tree/a/b/c", "tree/a/b", "tree/a", "tree"};
    static const mode_t modes[] = {0500, 0000, 0100, 0555};
    for (size_t i = 0; i < 4; i++) {
        OWN_MEM char *path = fs_join(*state, paths[i]);
        assert_int_equal(chmod(path, modes[i]), 0);
    }
    /* Root may write anywhere: give that up, so that the modes matter. */
    bool is_root = geteuid() == 0;
    if (is_root) {
        assert_int_equal(chmod(*state, 0777), 0);
        for (size_t i = 0; i < 4; i++) {
            OWN_MEM char *path = fs_join(*state, paths[i]);
            assert_int_equal(chown(path, 65534, 65534), 0);
        }
        assert_int_equal(seteuid(65534), 0);
    }
    OWN_MEM char *top = fs_join(*state, "tree");
    struct err err = {0};
    bool removed = fs_remove_tree(top, &err);
    if (is_root)
        assert_int_equal(seteuid(0), 0);
    assert_string_equal(err.text, "");
    assert_true(removed);
    assert_false(fs_exists(top));
}

static void test_remove_of_a_deep_tree(void **state) {
    OWN_MEM char *top = fs_join(*state, "top");
    assert_int_equal(mkdir(top, 0700), 0);
    int fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Deeper than any path can say, with a file on every level. */
    for (int level = 0; level < 400; level++) {
        assert_int_equal(mkdirat(fd, "a-directory", 0700), 0);
        close(openat(fd, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        int next = openat(fd, "a-directory", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        close(fd);
        fd = next;
    }
    close(fd);
    struct err err = {0};
    if (!fs_remove_tree(top, &err))
        fail_msg("%s", err.text);
    assert_false(fs_exists(top));
}

static void test_remove_of_a_wide_tree(void **state) {
    OWN_MEM char *top = fs_join(*state, "top");
    for (int i = 0; i < 10; i++) {
        OWN_MEM char *dir = mem_format("%s/%d/sub", top, i);
        assert_true(fs_make_dirs(dir, 0700, NULL));
        for (int k = 0; k < 30; k++) {
            OWN_MEM char *file = mem_format("%s/%d", dir, k);
            int fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
            assert_true(fd >= 0);
            close(fd);
        }
    }
    assert_true(fs_remove_tree(top, NULL));
    assert_false(fs_exists(top));
}

static void test_sync_dir(void **state) {
    assert_true(fs_sync_dir(*state, NULL));
    OWN_MEM char *missing = fs_join(*state, "missing");
    struct err err;
    assert_false(fs_sync_dir(missing, &err));
    assert_int_equal(err.errnum, ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join),
        TEST(test_make_dirs),
        TEST(test_read),
        TEST(test_read_of_a_large_file),
        TEST(test_write_atomic),
        TEST(test_a_failed_write_leaves_nothing),
        TEST(test_list),
        TEST(test_remove_of_simple_things),
        TEST(test_remove_does_not_follow),
        TEST(test_remove_of_read_only_trees),
        TEST(test_remove_of_a_deep_tree),
        TEST(test_remove_of_a_wide_tree),
        TEST(test_sync_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
