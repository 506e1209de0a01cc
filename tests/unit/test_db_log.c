/* store/db_log.c: what is held back of a log, and what must never be. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "base/mem.h"
#include "store/db.h"
#include "store/db_log.h"
#include "sys/fs.h"

/* More than SQLite keeps in memory, but for being told to. */
#define BODY_BYTES_MOST (3 * 1024 * 1024)

static char dir[32];
static char path[64];
static char log_path[72];
static struct db *db;
static char body[BODY_BYTES_MOST];

static int open_fresh(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/lamb-log-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/queues.db", dir);
    snprintf(log_path, sizeof log_path, "%s-wal", path);
    assert_true(db_open_queues(path, &db, NULL));
    return 0;
}

static int close_all(void **state) {
    (void)state;
    db_close(db);
    assert_true(fs_remove_tree(dir, NULL));
    return 0;
}

static bool add(size_t len) {
    struct db_statement *statement;
    assert_true(db_statement(db, "INSERT INTO body (message_id, body, attributes) VALUES ('', ?, x'')",
                             &statement, NULL));
    memset(body, 'b', len);
    db_bind_blob(statement, 1, body, len);
    return db_run(statement, NULL);
}

static void commit_bodies(size_t count, size_t len) {
    assert_true(db_begin(db, NULL));
    for (size_t i = 0; i < count; i++)
        assert_true(add(len));
    assert_true(db_commit(db, NULL));
}

static int64_t read_number(struct db_statement *statement) {
    bool is_row;
    struct err err;
    if (!db_step(statement, &is_row, &err))
        fail_msg("%s", err.text);
    assert_true(is_row);
    int64_t number = db_integer(statement, 0);
    db_reset(statement);
    return number;
}

/* All of each body is read. */
static int64_t count_bodies(struct db *of) {
    struct db_statement *statement;
    assert_true(
        db_statement(of, "SELECT COUNT(*) FROM body WHERE replace(body, 'b', '') = ''", &statement, NULL));
    return read_number(statement);
}

static void assert_sound(struct db *of) {
    struct db_statement *statement;
    bool is_row;
    assert_true(db_statement(of, "PRAGMA integrity_check", &statement, NULL));
    assert_true(db_step(statement, &is_row, NULL));
    assert_string_equal(db_text(statement, 0, NULL), "ok");
    db_reset(statement);
}

/* Calls that write, of this process so far. */
static long writes_so_far(void) {
    char line[64];
    long count = -1;
    FILE *file = fopen("/proc/self/io", "re");
    assert_non_null(file);
    while (count < 0 && fgets(line, sizeof line, file))
        if (strncmp(line, "syscw:", 6) == 0)
            count = strtol(line + 6, NULL, 10);
    fclose(file);
    return count;
}

static void test_one_write_for_a_commit(void **state) {
    (void)state;
    commit_bodies(1, 10);
    long before = writes_so_far();
    commit_bodies(20, 4000);
    assert_int_equal(writes_so_far() - before, 1);
}

static void test_a_large_commit_takes_more(void **state) {
    (void)state;
    commit_bodies(1, 10);
    long before = writes_so_far();
    commit_bodies(100, 4000);
    assert_in_range(writes_so_far() - before, 4, 6);
}

/* The same, to a connection that looks at the file. */
static void test_others_see_a_commit(void **state) {
    (void)state;
    struct db *other;
    assert_true(db_open_queues(path, &other, NULL));
    for (int i = 1; i <= 60; i++) {
        commit_bodies(1, i % 20 == 0 ? BODY_BYTES_MOST : (size_t)i * 3000);
        assert_int_equal(count_bodies(other), i);
        if (i % 25 == 0)
            assert_true(db_checkpoint(other, NULL));
    }
    assert_sound(other);
    db_close(other);
}

/* What is held when a transaction is taken back could be written later, over what another process has added
 * to the log. */
static void test_nothing_is_written_before_the_commit(void **state) {
    (void)state;
    commit_bodies(1, 10);
    long before = writes_so_far();
    assert_true(db_begin(db, NULL));
    for (int i = 2; i <= 40; i++) {
        assert_true(add(200000));
        assert_int_equal(count_bodies(db), i);
    }
    assert_int_equal(writes_so_far() - before, 0);
    assert_true(db_commit(db, NULL));
    assert_int_equal(count_bodies(db), 40);
    assert_sound(db);
}

/* A transaction that removes much neither holds nor writes much. */
static void test_removing_large_bodies(void **state) {
    (void)state;
    struct db_statement *statement;
    commit_bodies(20, 200000);
    assert_true(db_statement(db, "DELETE FROM body WHERE id > ?", &statement, NULL));
    db_bind_integer(statement, 1, 0);
    long before = writes_so_far();
    assert_true(db_begin(db, NULL));
    assert_true(db_run(statement, NULL));
    assert_true(db_commit(db, NULL));
    assert_in_range(writes_so_far() - before, 1, 2);
    assert_int_equal(count_bodies(db), 0);
    assert_sound(db);
}

static void test_rollback(void **state) {
    (void)state;
    struct db *other;
    assert_true(db_open_queues(path, &other, NULL));
    for (int i = 0; i < 3; i++) {
        assert_true(db_begin(db, NULL));
        assert_true(add(BODY_BYTES_MOST));
        assert_true(add(BODY_BYTES_MOST));
        db_rollback(db);
        commit_bodies(2, 50000);
        assert_int_equal(count_bodies(other), 2 * (i + 1));
    }
    db_close(other);
    db_close(db);
    assert_true(db_open_queues(path, &db, NULL));
    assert_int_equal(count_bodies(db), 6);
    assert_sound(db);
}

static void limit_files(rlim_t size) {
    const struct rlimit limit = {size, RLIM_INFINITY};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static off_t log_size(void) {
    struct stat info;
    assert_int_equal(stat(log_path, &info), 0);
    return info.st_size;
}

/* All of a small commit, or a part of a larger one. */
static void test_a_write_that_fails(void **state) {
    (void)state;
    static const size_t sizes[] = {100, 300000, BODY_BYTES_MOST};
    signal(SIGXFSZ, SIG_IGN);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        commit_bodies(1, 10);
        limit_files((rlim_t)log_size() + (i == 0 ? 0 : 150000));
        assert_true(db_begin(db, NULL));
        assert_false(add(sizes[i]) && add(sizes[i]) && db_commit(db, NULL));
        db_rollback(db);
        limit_files(RLIM_INFINITY);
        assert_int_equal(count_bodies(db), 2 * i + 1);
        commit_bodies(1, sizes[i]);
        assert_int_equal(count_bodies(db), 2 * i + 2);
    }
    db_close(db);
    assert_true(db_open_queues(path, &db, NULL));
    assert_int_equal(count_bodies(db), 6);
    assert_sound(db);
}

/* A new log begins in the old one's file. */
static void test_log_that_starts_again(void **state) {
    (void)state;
    struct db *other;
    assert_true(db_open_queues(path, &other, NULL));
    for (int i = 1; i <= 30; i++) {
        commit_bodies(3, 5000);
        assert_true(db_checkpoint(other, NULL));
        assert_int_equal(count_bodies(other), 3 * i);
    }
    assert_true(log_size() < 30 * 3 * 5000);
    db_close(other);
    assert_sound(db);
}

/* ---- the file itself, beside one in memory ---- */

#define MODEL_BYTES 400000

static char model[MODEL_BYTES];
static size_t model_len;
static unsigned chance;

static size_t dice(size_t sides) {
    return (size_t)rand_r(&chance) % sides;
}

static void write_anywhere(sqlite3_file *file, size_t *end) {
    static char data[5000];
    size_t len = 1 + dice(sizeof data);
    size_t at = dice(4) > 0 ? *end : dice(MODEL_BYTES / 2);
    if (at + len > MODEL_BYTES)
        at = 0;
    memset(data, 'a' + (int)dice(26), len);
    assert_int_equal(file->pMethods->xWrite(file, data, (int)len, (sqlite3_int64)at), SQLITE_OK);
    memcpy(model + at, data, len);
    *end = at + len;
    if (*end > model_len)
        model_len = *end;
}

static void cut(sqlite3_file *file) {
    size_t len = dice(model_len + 1);
    assert_int_equal(file->pMethods->xTruncate(file, (sqlite3_int64)len), SQLITE_OK);
    memset(model + len, 0, MODEL_BYTES - len);
    model_len = len;
}

static void compare(sqlite3_file *file) {
    static char found[MODEL_BYTES];
    sqlite3_int64 size;
    bool asks_size = dice(2) == 0;
    if (asks_size) {
        assert_int_equal(file->pMethods->xFileSize(file, &size), SQLITE_OK);
        assert_int_equal(size, model_len);
    }
    int result = file->pMethods->xRead(file, found, MODEL_BYTES, 0);
    assert_true(result == SQLITE_OK || result == SQLITE_IOERR_SHORT_READ);
    assert_memory_equal(found, model, model_len);
}

static void test_file(void **state) {
    (void)state;
    sqlite3_vfs *vfs = sqlite3_vfs_find(db_log_vfs());
    OWN_MEM sqlite3_file *file = mem_alloc((size_t)vfs->szOsFile);
    OWN_MEM char *database = mem_format("%s/file", dir); /* its mode is the log's */
    OWN_MEM char *name = mem_format("%s-wal", database);
    assert_true(fs_write_atomic(database, "", 0, 0600, NULL));
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL;
    size_t end = 0;
    assert_int_equal(vfs->xOpen(vfs, name, file, flags, NULL), SQLITE_OK);
    for (int i = 0; i < 3000; i++) {
        if (dice(50) == 0)
            cut(file);
        else if (dice(20) == 0)
            compare(file);
        else
            write_anywhere(file, &end);
    }
    compare(file);
    write_anywhere(file, &end);
    assert_int_equal(file->pMethods->xClose(file), SQLITE_OK);
    OWN(buf) struct buf content;
    buf_init(&content, MODEL_BYTES);
    assert_true(fs_read(name, &content, NULL));
    assert_int_equal(content.len, model_len);
    assert_memory_equal(content.data, model, model_len);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fresh, close_all)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_one_write_for_a_commit),
        TEST(test_a_large_commit_takes_more),
        TEST(test_others_see_a_commit),
        TEST(test_nothing_is_written_before_the_commit),
        TEST(test_removing_large_bodies),
        TEST(test_rollback),
        TEST(test_a_write_that_fails),
        TEST(test_log_that_starts_again),
        TEST(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
