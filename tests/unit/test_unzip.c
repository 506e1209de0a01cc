/* package/zip and package/unzip: honest packages arrive as they are, every other one is refused and says why.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "package/unzip.h"
#include "sys/fs.h"
#include "zip_writer.h"

#define DAMAGED "Could not unzip uploaded file. Please check your file, then try to upload again."

static const struct unzip_limits limits = {1000000, 1000};

static int make_dir(void **state) {
    char *dir = mem_text("/tmp/lamb-unzip-XXXXXX");
    assert_non_null(mkdtemp(dir));
    *state = dir;
    return 0;
}

static int drop_dir(void **state) {
    assert_true(fs_remove_tree(*state, NULL));
    free(*state);
    return 0;
}

static int open_dir(const char *dir) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

/* Checking and unpacking must agree: both say `text`, or both accept when it is NULL. */
static void expect_bytes(const char *dir, const void *data, size_t len, const struct unzip_limits *with,
                         const char *text) {
    struct err check_err = {0};
    struct err extract_err = {0};
    char *space = mem_format("%s/out-XXXXXX", dir);
    assert_non_null(mkdtemp(space));
    int fd = open_dir(space);
    uint64_t unzipped = 0;
    bool checked = unzip_check(data, len, with, &unzipped, &check_err);
    bool extracted = unzip_extract(data, len, with, fd, &extract_err);
    close(fd);
    free(space);
    assert_string_equal(check_err.text, text ? text : "");
    assert_string_equal(extract_err.text, text ? text : "");
    assert_int_equal(checked, text == NULL);
    assert_int_equal(extracted, text == NULL);
    assert_int_equal(check_err.code, text ? ERR_PARAMETER : ERR_NONE);
    assert_int_equal(extract_err.code, text ? ERR_PARAMETER : ERR_NONE);
}

static void expect_items(void **state, const struct zip_item *items, size_t count, const char *text) {
    struct zip_writer writer;
    zip_writer_init(&writer);
    for (size_t i = 0; i < count; i++)
        zip_add(&writer, items[i]);
    zip_finish(&writer, false);
    expect_bytes(*state, buf_text(&writer.out), writer.out.len, &limits, text);
    zip_writer_done(&writer);
}

/* One entry that is refused with "Could not unzip uploaded file. The entry <words>." */
static void expect_entry(void **state, struct zip_item item, const char *words) {
    char text[2048];
    snprintf(text, sizeof text, "Could not unzip uploaded file. The entry %s.", words);
    expect_items(state, &item, 1, text);
}

static void read_file(const char *dir, const char *name, struct buf *content) {
    OWN_MEM char *path = fs_join(dir, name);
    struct err err;
    buf_init(content, 1024 * 1024);
    if (!fs_read(path, content, &err))
        fail_msg("%s", err.text);
}

static void expect_file(const char *dir, const char *name, const char *text, mode_t mode) {
    struct buf content;
    struct stat status;
    read_file(dir, name, &content);
    assert_string_equal(buf_text(&content), text);
    OWN_MEM char *path = fs_join(dir, name);
    assert_int_equal(lstat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, mode);
    buf_done(&content);
}

static void expect_directory(const char *dir, const char *name, mode_t mode) {
    struct stat status;
    OWN_MEM char *path = fs_join(dir, name);
    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISDIR(status.st_mode));
    assert_int_equal(status.st_mode & 07777, mode);
}

static void extract(const char *dir, const struct zip_writer *writer) {
    struct err err;
    int fd = open_dir(dir);
    if (!unzip_extract(buf_text(&writer->out), writer->out.len, &limits, fd, &err))
        fail_msg("%s", err.text);
    close(fd);
}

static void test_whole_package(void **state) {
    const char *dir = *state;
    struct zip_writer writer;
    mode_t old_mask = umask(077);
    zip_writer_init(&writer);
    zip_add(&writer, (struct zip_item){.name = "bootstrap", .data = "#!/bin/sh\n", .mode = S_IFREG | 0755});
    zip_add(&writer, (struct zip_item){.name = "lib/a/b/deep.py", .data = "x = 1\n", .mode = S_IFREG | 0640});
    zip_add(&writer, (struct zip_item){.name = "lib/a/near.py", .data = "y = 2\n"});
    zip_add(&writer, (struct zip_item){.name = "link", .data = "lib/a/b/deep.py", .mode = S_IFLNK | 0777});
    zip_add(&writer,
            (struct zip_item){
                .name = "lib/up", .data = "../bootstrap", .mode = S_IFLNK | 0777, .is_stored = true});
    zip_add(&writer, (struct zip_item){.name = "secret/", .mode = S_IFDIR | 0500});
    zip_add(&writer, (struct zip_item){.name = "secret/file", .data = "s", .mode = S_IFREG | 0600});
    zip_add(&writer, (struct zip_item){.name = "plain/"});
    zip_add(&writer, (struct zip_item){.name = "set-id", .data = "z", .mode = S_IFREG | 06755});
    zip_add(&writer, (struct zip_item){.name = "empty", .mode = S_IFREG | 0644});
    zip_add(&writer, (struct zip_item){.name = "./dot//name", .data = "d", .is_stored = true});
    zip_add(&writer, (struct zip_item){.name = "./", .mode = S_IFDIR | 0700});
    zip_add(&writer, (struct zip_item){.name = "e\xcc\x81 \xff", .data = "bytes"});
    zip_finish(&writer, false);
    extract(dir, &writer);
    umask(old_mask);

    expect_file(dir, "bootstrap", "#!/bin/sh\n", 0755);
    expect_file(dir, "lib/a/b/deep.py", "x = 1\n", 0640);
    expect_file(dir, "lib/a/near.py", "y = 2\n", 0644);
    expect_file(dir, "secret/file", "s", 0600);
    expect_file(dir, "set-id", "z", 0755);
    expect_file(dir, "empty", "", 0644);
    expect_file(dir, "dot/name", "d", 0644);
    expect_file(dir, "e\xcc\x81 \xff", "bytes", 0644);
    expect_directory(dir, "lib", 0755);
    expect_directory(dir, "secret", 0700);
    expect_directory(dir, "plain", 0755);
    char target[64];
    OWN_MEM char *link = fs_join(dir, "link");
    assert_int_equal(readlink(link, target, sizeof target), 15);
    assert_memory_equal(target, "lib/a/b/deep.py", 15);
    OWN_MEM char *up = fs_join(dir, "lib/up");
    struct stat status;
    assert_int_equal(stat(up, &status), 0);

    uint64_t unzipped;
    assert_true(unzip_check(buf_text(&writer.out), writer.out.len, &limits, &unzipped, NULL));
    assert_int_equal(unzipped, 10 + 6 + 6 + 15 + 12 + 1 + 1 + 1 + 5);
    zip_writer_done(&writer);
}

/* A program in front, as in a self-extracting archive, and something behind. The places in the archive may
 * count the program or not. */
static void test_bytes_around(void **state) {
    static const char program[] = "#!/bin/sh\nexit 0\n";
    struct zip_writer writer;
    zip_writer_init(&writer);
    buf_append_text(&writer.out, program);
    zip_add(&writer, (struct zip_item){.name = "f", .data = "text"});
    zip_finish(&writer, false);
    buf_append_text(&writer.out, "behind");
    expect_bytes(*state, buf_text(&writer.out), writer.out.len, &limits, NULL);
    extract(*state, &writer);
    expect_file(*state, "f", "text", 0644);
    zip_writer_done(&writer);

    for (int zip64 = 0; zip64 < 2; zip64++) {
        zip_writer_init(&writer);
        zip_add(&writer, (struct zip_item){.name = "f", .data = "text"});
        zip_finish(&writer, zip64);
        OWN_MEM char *whole = mem_alloc(sizeof program + writer.out.len);
        memcpy(whole, program, sizeof program);
        memcpy(whole + sizeof program, writer.out.data, writer.out.len);
        expect_bytes(*state, whole, sizeof program + writer.out.len, &limits, NULL);
        /* What stands in front may be missing, what belongs to the archive not. */
        expect_bytes(*state, whole + sizeof program + 1, writer.out.len - 1, &limits, DAMAGED);
        zip_writer_done(&writer);
    }
}

static void test_zip64(void **state) {
    struct zip_writer writer;
    zip_writer_init(&writer);
    zip_add(&writer, (struct zip_item){.name = "f", .data = "text", .is_zip64 = true});
    zip_finish(&writer, true);
    expect_bytes(*state, buf_text(&writer.out), writer.out.len, &limits, NULL);
    extract(*state, &writer);
    expect_file(*state, "f", "text", 0644);
    zip_writer_done(&writer);
}

static void test_not_an_archive(void **state) {
    expect_bytes(*state, "", 0, &limits, "Uploaded file must be a non-empty zip");
    expect_bytes(*state, "x", 1, &limits, DAMAGED);
    expect_bytes(*state, "this is no zip archive at all, not even nearly", 46, &limits, DAMAGED);
    expect_items(state, NULL, 0, "Uploaded file must be a non-empty zip");
}

static void test_names(void **state) {
    static const struct {
        const char *name;
        size_t len;
        const char *words;
    } cases[] = {
        {"../evil", 0, "'../evil' would leave the package"},
        {"a/../../evil", 0, "'a/../../evil' would leave the package"},
        {"a/../b", 0, "'a/../b' would leave the package"},
        {"..", 0, "'..' would leave the package"},
        {"/etc/passwd", 0, "'/etc/passwd' has an absolute path"},
        {"//x", 0, "'//x' has an absolute path"},
        {"a\\..\\b", 0, "'a\\..\\b' has a backslash in its name; paths in a package are written with '/'"},
        {"a\0b", 3, "'a?b' has control characters in its name"},
        {"a\nb", 0, "'a?b' has control characters in its name"},
        {"a\x7f", 0, "'a?' has control characters in its name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_entry(state, (struct zip_item){.name = cases[i].name, .name_len = cases[i].len, .data = "x"},
                     cases[i].words);
}

static void test_long_names(void **state) {
    char name[1200];
    char words[1400];
    memset(name, 'n', sizeof name);
    name[255] = '\0';
    expect_items(state, &(struct zip_item){.name = name, .data = "x"}, 1, NULL);
    name[255] = 'n';
    name[256] = '\0';
    snprintf(words, sizeof words, "'%.200s' has a name that is too long", name);
    expect_entry(state, (struct zip_item){.name = name, .data = "x"}, words);
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 2 == 0 ? 'd' : '/';
    name[1023] = 'd';
    name[1024] = '\0';
    expect_items(state, &(struct zip_item){.name = name, .data = "x"}, 1, NULL);
    name[1024] = 'd';
    name[1025] = '\0';
    snprintf(words, sizeof words, "'%.200s' has a name that is too long", name);
    expect_entry(state, (struct zip_item){.name = name, .data = "x"}, words);
}

static void test_kinds(void **state) {
    static const unsigned modes[] = {S_IFCHR | 0666, S_IFBLK | 0666, S_IFIFO | 0666, S_IFSOCK | 0666,
                                     0150000};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        expect_entry(state, (struct zip_item){.name = "dev", .mode = modes[i]},
                     "'dev' is neither a file nor a directory nor a symlink");
    expect_entry(state, (struct zip_item){.name = "l/", .data = "t", .mode = S_IFLNK | 0777},
                 "'l/' is neither a file nor a directory nor a symlink");
    expect_entry(state, (struct zip_item){.name = "d/", .data = "t"}, "'d/' is a directory with data");
    expect_entry(state, (struct zip_item){.name = "f", .data = "t", .flags = 1}, "'f' is encrypted");
    expect_entry(state, (struct zip_item){.name = "f", .data = "t", .method = 14},
                 "'f' is packed with a method other than store and deflate");
}

static void test_symlinks(void **state) {
    static const struct {
        const char *name;
        const char *target;
        const char *words; /* NULL: fine */
    } cases[] = {
        {"l", "a/b", NULL},
        {"l", ".", NULL},
        {"a/l", "..", NULL},
        {"a/b/l", "../../c", NULL},
        {"a/l", "./.././x/../y", NULL},
        {"l", "/etc/passwd", "'l' is a symlink that leaves the package"},
        {"l", "..", "'l' is a symlink that leaves the package"},
        {"a/l", "../..", "'a/l' is a symlink that leaves the package"},
        {"a/l", "x/../../../y", "'a/l' is a symlink that leaves the package"},
        {"l", "a/../../l", "'l' is a symlink that leaves the package"},
        {"l", "", "'l' is a symlink without a proper target"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct zip_item item = {.name = cases[i].name, .data = cases[i].target, .mode = S_IFLNK | 0777};
        if (cases[i].words)
            expect_entry(state, item, cases[i].words);
        else
            expect_items(state, &item, 1, NULL);
    }
    expect_entry(state, (struct zip_item){.name = "l", .data = "a\0b", .len = 3, .mode = S_IFLNK | 0777},
                 "'l' is a symlink without a proper target");
    char target[1100];
    memset(target, 't', sizeof target);
    target[1025] = '\0';
    expect_entry(state, (struct zip_item){.name = "l", .data = target, .mode = S_IFLNK | 0777},
                 "'l' is a symlink without a proper target");
}

/* Nothing is ever written through a symlink of the package, in whatever order they come. */
static void test_writing_through_symlinks(void **state) {
    const struct zip_item link = {.name = "d", .data = ".", .mode = S_IFLNK | 0777};
    const struct zip_item below = {.name = "d/f", .data = "x"};
    expect_items(state, (const struct zip_item[]){link, below}, 2,
                 "Could not unzip uploaded file. The entry 'd/f' lies below another entry that is a file.");
    expect_items(state, (const struct zip_item[]){below, link}, 2,
                 "Could not unzip uploaded file. The entry 'd' is there twice.");
}

static void test_duplicates(void **state) {
    const struct zip_item file = {.name = "a/b", .data = "x"};
    const struct zip_item same = {.name = "a//./b", .data = "y"};
    const struct zip_item other_case = {.name = "A/b", .data = "y"};
    const struct zip_item parent = {.name = "a", .data = "x"};
    const struct zip_item directory = {.name = "a/"};
    const struct zip_item file_as_directory = {.name = "a/b/"};
    const struct zip_item below = {.name = "a/b/c", .data = "x"};
    expect_items(state, (const struct zip_item[]){file, other_case, directory, directory}, 4, NULL);
    expect_items(state, (const struct zip_item[]){file, same}, 2,
                 "Could not unzip uploaded file. The entry 'a/b' is there twice.");
    expect_items(state, (const struct zip_item[]){file, parent}, 2,
                 "Could not unzip uploaded file. The entry 'a' is there twice.");
    expect_items(state, (const struct zip_item[]){file, file_as_directory}, 2,
                 "Could not unzip uploaded file. The entry 'a/b' is there twice.");
    expect_items(state, (const struct zip_item[]){parent, file}, 2,
                 "Could not unzip uploaded file. The entry 'a/b' lies below another entry that is a file.");
    expect_items(state, (const struct zip_item[]){file, below}, 2,
                 "Could not unzip uploaded file. The entry 'a/b/c' lies below another entry that is a file.");
}

static void test_lies(void **state) {
    const struct zip_item lies[] = {
        {.name = "f", .data = "some text", .wrong_checksum = 1},
        {.name = "f", .data = "some text", .claimed_len = 8},
        {.name = "f", .data = "some text", .claimed_len = 10},
        {.name = "f", .data = "some text", .claimed_len = 8, .is_stored = true},
        {.name = "f", .data = "some text", .claimed_len = 10, .is_stored = true},
        {.name = "f", .data = "some text", .local_name = "g"},
        {.name = "f", .data = "some text", .is_stored = true, .method = 8},
        {.name = "l", .data = "some text", .claimed_len = 4, .mode = S_IFLNK | 0777},
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++)
        expect_items(state, &lies[i], 1, DAMAGED);
}

static void test_sizes(void **state) {
    struct zip_writer writer;
    zip_writer_init(&writer);
    char *zeros = mem_alloc(1000001);
    zip_add(&writer, (struct zip_item){.name = "a", .data = zeros, .len = 600000});
    zip_add(&writer, (struct zip_item){.name = "b", .data = zeros, .len = 400000});
    zip_finish(&writer, false);
    const struct unzip_limits smaller = {999999, 1000};
    const struct unzip_limits fewer = {1000000, 1};
    expect_bytes(*state, buf_text(&writer.out), writer.out.len, &limits, NULL);
    expect_bytes(*state, buf_text(&writer.out), writer.out.len, &smaller,
                 "Unzipped size must be smaller than 999999 bytes");
    expect_bytes(*state, buf_text(&writer.out), writer.out.len, &fewer,
                 "Could not unzip uploaded file. It has more than 1 entries.");
    zip_writer_done(&writer);
    /* A bomb that claims little is not unpacked further than it claims. */
    expect_items(state, &(struct zip_item){.name = "a", .data = zeros, .len = 1000001, .claimed_len = 1}, 1,
                 DAMAGED);
    free(zeros);
    const struct unzip_limits few = {1000000, 3};
    zip_writer_init(&writer);
    zip_add(&writer, (struct zip_item){.name = "a/b/c/d", .data = "x"});
    zip_finish(&writer, false);
    expect_bytes(*state, buf_text(&writer.out), writer.out.len, &few,
                 "Could not unzip uploaded file. It has more than 3 files and directories.");
    zip_writer_done(&writer);
}

/* Cut at any place, or with any one byte changed, an archive is refused or good: it never crashes, and what
 * is accepted is within the rules. */
static void test_every_cut_and_every_byte(void **state) {
    struct zip_writer writer;
    zip_writer_init(&writer);
    zip_add(&writer,
            (struct zip_item){.name = "dir/file", .data = "hello hello hello hello", .mode = S_IFREG | 0644});
    zip_add(&writer,
            (struct zip_item){.name = "link", .data = "dir/file", .mode = S_IFLNK | 0777, .is_zip64 = true});
    zip_finish(&writer, true);
    const char *data = buf_text(&writer.out);
    size_t len = writer.out.len;
    struct err err;
    for (size_t cut = 1; cut < len; cut++) {
        assert_false(unzip_check(data, cut, &limits, NULL, &err));
        assert_string_equal(err.text, DAMAGED);
    }
    char *changed = mem_copy(data, len);
    for (size_t at = 0; at < len; at++) {
        for (int bit = 0; bit < 8; bit++) {
            changed[at] = (char)(data[at] ^ 1 << bit);
            if (!unzip_check(changed, len, &limits, NULL, &err))
                assert_int_equal(err.code, ERR_PARAMETER);
        }
        changed[at] = data[at];
    }
    free(changed);
    zip_writer_done(&writer);
    (void)state;
}

/* A failure of the machine is none of the package's. */
static void test_unwritable_directory(void **state) {
    OWN_MEM char *dir = fs_join(*state, "gone");
    assert_int_equal(mkdir(dir, 0700), 0);
    int fd = open_dir(dir);
    assert_int_equal(rmdir(dir), 0);
    struct zip_writer writer;
    zip_writer_init(&writer);
    zip_add(&writer, (struct zip_item){.name = "f", .data = "x"});
    zip_finish(&writer, false);
    struct err err;
    assert_false(unzip_extract(buf_text(&writer.out), writer.out.len, &limits, fd, &err));
    assert_int_equal(err.code, ERR_IO);
    assert_int_equal(err.errnum, ENOENT);
    zip_writer_done(&writer);
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, drop_dir)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_whole_package),
        TEST(test_bytes_around),
        TEST(test_zip64),
        TEST(test_not_an_archive),
        TEST(test_names),
        TEST(test_long_names),
        TEST(test_kinds),
        TEST(test_symlinks),
        TEST(test_duplicates),
        TEST(test_writing_through_symlinks),
        TEST(test_lies),
        TEST(test_sizes),
        TEST(test_every_cut_and_every_byte),
        TEST(test_unwritable_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
