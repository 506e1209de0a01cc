/* store/: the database, functions and keys in it, and what is left after kill -9 of a writer. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "store/db.h"
#include "store/change.h"
#include "store/functions.h"
#include "sys/fs.h"

#define ACCOUNT "000000000000"

struct place {
    char dir[32];
    char path[64];
};

static int make_place(void **state) {
    struct place *place = mem_alloc(sizeof *place);
    snprintf(place->dir, sizeof place->dir, "/tmp/lamb-store-XXXXXX");
    assert_non_null(mkdtemp(place->dir));
    snprintf(place->path, sizeof place->path, "%s/lamb.db", place->dir);
    *state = place;
    return 0;
}

static int drop_place(void **state) {
    struct place *place = *state;
    assert_true(fs_remove_tree(place->dir, NULL));
    free(place);
    return 0;
}

static struct db *open_db(const char *path) {
    struct err err;
    struct db *db;
    if (!db_open(path, &db, &err))
        fail_msg("%s", err.text);
    return db;
}

static struct function *make_function(const char *name, const char *version) {
    struct function *function = function_new();
    snprintf(function->account, sizeof function->account, ACCOUNT);
    function_set_text(&function->name, name);
    snprintf(function->version, sizeof function->version, "%s", version);
    return function;
}

/* What was read, as one line per function: "name next tags: version description, ...". */
struct seen {
    struct buf text;
    const char *stop_at; /* refuse this function or version */
};

static bool see_function(void *arg, const char *account, const char *name, int64_t next_version,
                         const char *tags, struct err *err) {
    struct seen *seen = arg;
    assert_string_equal(account, ACCOUNT);
    buf_append_format(&seen->text, "%s %d %s:", name, (int)next_version, tags);
    if (seen->stop_at && strcmp(seen->stop_at, name) == 0)
        return err_set(err, ERR_INTERNAL, "stopped");
    return true;
}

static bool see_version(void *arg, struct function *version, struct err *err) {
    struct seen *seen = arg;
    bool stop = seen->stop_at && strcmp(seen->stop_at, version->version) == 0;
    buf_append_format(&seen->text, " %s(%s)", version->version, version->description);
    function_unref(version);
    return !stop || err_set(err, ERR_INTERNAL, "stopped");
}

static bool read_all(struct db *db, struct seen *seen, struct err *err) {
    struct store_functions_reader reader = {see_function, see_version, seen};
    buf_init(&seen->text, 1024 * 1024);
    return store_functions_read(db, &reader, err);
}

static void expect_all(struct db *db, const char *text) {
    struct seen seen = {0};
    struct err err;
    if (!read_all(db, &seen, &err))
        fail_msg("%s", err.text);
    assert_string_equal(buf_text(&seen.text), text);
    buf_done(&seen.text);
}

/* One step. */
static bool change(struct db *db, enum store_step_kind kind, const struct function *function,
                   const char *tags_json, struct err *err) {
    const struct store_step step = {.kind = kind, .function = function, .tags_json = tags_json};
    return store_apply(db, &step, 1, err);
}

static bool add(struct db *db, const struct function *latest, const struct function *published,
                const char *tags_json, struct err *err) {
    const struct store_step steps[] = {
        {.kind = STORE_FUNCTION_ADD, .function = latest, .tags_json = tags_json},
        {.kind = STORE_FUNCTION_PUBLISH, .function = published},
    };
    return store_apply(db, steps, published ? 2 : 1, err);
}

static bool update(struct db *db, const struct function *version, const struct function *published,
                   struct err *err) {
    const struct store_step steps[] = {
        {.kind = STORE_FUNCTION_REPLACE, .function = version},
        {.kind = STORE_FUNCTION_PUBLISH, .function = published},
    };
    return store_apply(db, steps, published ? 2 : 1, err);
}

static void create(struct db *db, const char *name, bool with_version, const char *tags) {
    struct err err;
    struct function *latest = make_function(name, "$LATEST");
    struct function *published = with_version ? make_function(name, "1") : NULL;
    if (!add(db, latest, published, tags, &err))
        fail_msg("%s", err.text);
    function_unref(latest);
    function_unref(published);
}

static void test_functions(void **state) {
    struct place *place = *state;
    struct db *db = open_db(place->path);
    struct err err;
    create(db, "b", false, "{}");
    create(db, "a", true, "{\"k\":\"v\"}");
    expect_all(db, "a 2 {\"k\":\"v\"}: $LATEST() 1()b 1 {}: $LATEST()");

    struct function *latest = make_function("a", "$LATEST");
    struct function *published = make_function("a", "12");
    function_set_text(&latest->description, "new");
    function_set_text(&published->description, "twelve");
    assert_true(update(db, latest, published, &err));
    assert_true(update(db, latest, NULL, &err));
    struct function *other = make_function("b", "$LATEST");
    assert_true(change(db, STORE_FUNCTION_TAGS, other, "{\"x\":\"y\"}", &err));
    expect_all(db, "a 13 {\"k\":\"v\"}: $LATEST(new) 1() 12(twelve)b 1 {\"x\":\"y\"}: $LATEST()");

    struct function *first = make_function("a", "1");
    assert_true(change(db, STORE_FUNCTION_DELETE_VERSION, first, NULL, &err));
    assert_true(change(db, STORE_FUNCTION_DELETE, other, NULL, &err));
    db_close(db);
    db = open_db(place->path);
    expect_all(db, "a 13 {\"k\":\"v\"}: $LATEST(new) 12(twelve)");
    function_unref(first);
    function_unref(other);
    function_unref(latest);
    function_unref(published);
    db_close(db);
}

static bool see_record(void *arg, const struct record_key *key, const char *document, struct err *err) {
    struct buf *text = arg;
    buf_append_format(text, "%s/%s/%s/%s=%s ", key->account, key->scope, key->kind, key->name, document);
    return strcmp(document, "stop") != 0 || err_set(err, ERR_INTERNAL, "stopped");
}

static void expect_records(struct db *db, const char *text) {
    OWN(buf) struct buf seen;
    struct err err;
    buf_init(&seen, 4096);
    if (!store_records_read(db, see_record, &seen, &err))
        fail_msg("%s", err.text);
    assert_string_equal(buf_text(&seen), text);
}

#define PUT(account, scope, kind, name, text)                                                                \
    { STORE_RECORD_PUT, .key = {account, scope, kind, name}, .document = text }

/* Records come in order, are replaced and deleted by their whole key, and go with their function; a change is
 * made whole or not at all. */
static void test_records(void **state) {
    struct place *place = *state;
    struct db *db = open_db(place->path);
    struct err err;
    create(db, "a", false, "{}");
    create(db, "ab", false, "{}");
    const struct store_step puts[] = {
        PUT(ACCOUNT, "function/ab", "alias", "y", "4"),  PUT(ACCOUNT, "function/a", "policy", "x", "3"),
        PUT(ACCOUNT, "function/a", "alias", "x", "1"),   PUT(ACCOUNT, "", "role", "r", "0"),
        PUT(ACCOUNT, "function/a", "alias", "y", "old"), PUT(ACCOUNT, "function/a", "alias", "y", "2"),
        PUT("other", "function/a", "alias", "x", "5"),
    };
    assert_true(store_apply(db, puts, sizeof puts / sizeof puts[0], &err));
    const char all[] = ACCOUNT "//role/r=0 " ACCOUNT "/function/a/alias/x=1 " ACCOUNT
                               "/function/a/alias/y=2 " ACCOUNT "/function/a/policy/x=3 " ACCOUNT
                               "/function/ab/alias/y=4 other/function/a/alias/x=5 ";
    expect_records(db, all);

    struct function *missing = make_function("missing", "$LATEST");
    const struct store_step half[] = {
        PUT(ACCOUNT, "", "role", "r", "never"),
        {.kind = STORE_RECORD_DELETE, .key = {ACCOUNT, "function/a", "alias", "x"}},
        {.kind = STORE_FUNCTION_DELETE, .function = missing},
    };
    assert_false(store_apply(db, half, 3, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    expect_records(db, all);

    const struct store_step removal = {.kind = STORE_RECORD_DELETE,
                                       .key = {ACCOUNT, "function/a", "alias", "x"}};
    assert_true(store_apply(db, &removal, 1, &err));
    assert_true(store_apply(db, &removal, 1, &err)); /* absent is fine */
    struct function *function = make_function("a", "$LATEST");
    assert_true(change(db, STORE_FUNCTION_DELETE, function, NULL, &err));
    db_close(db);
    db = open_db(place->path);
    expect_records(db, ACCOUNT "//role/r=0 " ACCOUNT "/function/ab/alias/y=4 other/function/a/alias/x=5 ");
    function_unref(function);
    function_unref(missing);
    db_close(db);
}

/* Whatever fails leaves nothing of the change behind, and the connection usable. */
static void test_refusals(void **state) {
    struct place *place = *state;
    struct db *db = open_db(place->path);
    struct err err;
    create(db, "a", true, "{}");
    struct function *latest = make_function("a", "$LATEST");
    struct function *first = make_function("a", "1");
    struct function *missing = make_function("missing", "$LATEST");
    assert_false(add(db, latest, NULL, "{}", &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_string_equal(err.text, "Function already exist: a");
    assert_false(update(db, missing, NULL, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    function_set_text(&latest->description, "never seen");
    assert_false(update(db, latest, first, &err)); /* version 1 is there */
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_false(change(db, STORE_FUNCTION_DELETE, missing, NULL, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    struct function *seventh = make_function("a", "7");
    assert_false(change(db, STORE_FUNCTION_DELETE_VERSION, seventh, NULL, &err));
    function_unref(seventh);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_false(change(db, STORE_FUNCTION_TAGS, missing, "{}", &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    char *huge = mem_alloc(300000);
    memset(huge, 'x', 299999);
    function_set_text(&latest->description, huge);
    assert_false(update(db, latest, NULL, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    free(huge);
    expect_all(db, "a 2 {}: $LATEST() 1()");
    function_unref(latest);
    function_unref(first);
    function_unref(missing);
    db_close(db);
}

static void test_stopped_readers(void **state) {
    struct place *place = *state;
    struct db *db = open_db(place->path);
    create(db, "a", true, "{}");
    create(db, "b", false, "{}");
    static const char *const stops[] = {"a", "1", "b"};
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        struct seen seen = {.stop_at = stops[i]};
        struct err err;
        assert_false(read_all(db, &seen, &err));
        assert_int_equal(err.code, ERR_INTERNAL);
        buf_done(&seen.text);
    }
    expect_all(db, "a 2 {}: $LATEST() 1()b 1 {}: $LATEST()");
    db_close(db);
}

static void run_sql(struct db *db, struct db_statement *statement, enum err_code code) {
    (void)db;
    struct err err = {0};
    bool done = db_run(statement, &err);
    assert_int_equal(done ? ERR_NONE : err.code, code);
}

static void test_statements(void **state) {
    struct place *place = *state;
    struct db *db = open_db(place->path);
    struct err err;
    struct db_statement *statement, *same;
    static const char insert[] =
        "INSERT INTO record (account, scope, kind, name, document) VALUES (?, ?, ?, ?, ?)";
    assert_true(db_statement(db, insert, &statement, &err));
    assert_true(db_statement(db, insert, &same, &err));
    assert_ptr_equal(statement, same);
    for (int i = 1; i <= 5; i++)
        db_bind_text(statement, i, "a\0b", 3);
    run_sql(db, statement, ERR_NONE);
    assert_int_equal(db_changed(db), 1);
    run_sql(db, statement, ERR_CONFLICT); /* nothing bound any more: NOT NULL */
    db_bind_integer(statement, 9, 1);
    run_sql(db, statement, ERR_INTERNAL);
    assert_false(db_statement(db, "SELECT nothing FROM nowhere", &statement, &err));
    assert_int_equal(err.code, ERR_INTERNAL);

    assert_true(db_statement(db, "SELECT name, NULL, 7 FROM record WHERE ?1 IS NULL", &statement, &err));
    bool row;
    assert_true(db_step(statement, &row, &err));
    assert_true(row);
    size_t len;
    assert_memory_equal(db_text(statement, 0, &len), "a\0b", 4);
    assert_int_equal(len, 3);
    assert_string_equal(db_text(statement, 1, &len), "");
    assert_int_equal(len, 0);
    assert_int_equal(db_integer(statement, 2), 7);
    assert_true(db_step(statement, &row, &err));
    assert_false(row);
    db_close(db);
    db_close(NULL);
}

static void test_transactions(void **state) {
    struct place *place = *state;
    struct db *db = open_db(place->path);
    struct err err;
    const struct record_key key = {.account = ACCOUNT, .scope = "", .kind = "k", .name = "n"};
    assert_true(db_begin(db, &err));
    assert_true(store_record_put(db, &key, "{}", &err));
    db_rollback(db);
    db_rollback(db);
    struct db_statement *statement;
    bool row;
    assert_true(db_statement(db, "SELECT 1 FROM record", &statement, &err));
    assert_true(db_step(statement, &row, &err));
    assert_false(row);
    db_reset(statement);
    assert_true(db_begin(db, &err));
    assert_false(db_begin(db, &err)); /* no nesting */
    assert_true(db_commit(db, &err));
    db_close(db);
}

static int mode_of(const char *path) {
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

static void test_file_is_private(void **state) {
    struct place *place = *state;
    struct db *db = open_db(place->path);
    create(db, "a", false, "{}");
    char wal[80];
    snprintf(wal, sizeof wal, "%s-wal", place->path);
    assert_int_equal(mode_of(place->path), 0600);
    assert_int_equal(mode_of(wal), 0600);
    db_close(db);
    assert_int_equal(chmod(place->path, 0644), 0);
    db_close(open_db(place->path));
    assert_int_equal(mode_of(place->path), 0600);
}

static void test_files_that_cannot_be_opened(void **state) {
    struct place *place = *state;
    struct err err;
    struct db *db;
    assert_false(db_open("/nonexistent/lamb.db", &db, &err));
    assert_int_equal(err.code, ERR_IO);
    char garbage[4096];
    memset(garbage, 'g', sizeof garbage);
    assert_true(fs_write_atomic(place->path, garbage, sizeof garbage, 0600, &err));
    assert_false(db_open(place->path, &db, &err));
    assert_int_equal(err.code, ERR_CORRUPT);
    assert_non_null(strstr(err.text, place->path));
}

static void test_newer_schema(void **state) {
    struct place *place = *state;
    struct err err;
    struct db *db = open_db(place->path);
    struct db_statement *statement;
    assert_true(db_statement(db, "PRAGMA user_version = 999", &statement, &err));
    run_sql(db, statement, ERR_NONE);
    db_close(db);
    assert_false(db_open(place->path, &db, &err));
    assert_int_equal(err.code, ERR_UNSUPPORTED);
    assert_non_null(strstr(err.text, "newer version of Lamb"));
}

static void test_corrupt_document(void **state) {
    struct place *place = *state;
    struct db *db = open_db(place->path);
    create(db, "a", false, "{}");
    struct err err;
    struct db_statement *statement;
    assert_true(db_statement(db, "UPDATE function_version SET document = '{}'", &statement, &err));
    run_sql(db, statement, ERR_NONE);
    struct seen seen = {0};
    assert_false(read_all(db, &seen, &err));
    assert_int_equal(err.code, ERR_CORRUPT);
    assert_non_null(strstr(err.text, "Function a"));
    buf_done(&seen.text);
    db_close(db);
}

/* Writes functions f<first>, f<first + 1>, ... with a published version each, and tells each number once it
 * is there. */
static _Noreturn void write_until_killed(const char *path, int first, int told) {
    struct db *db;
    if (!db_open(path, &db, NULL))
        _exit(1);
    for (int number = first;; number++) {
        char name[32];
        snprintf(name, sizeof name, "f%06d", number);
        struct function *latest = make_function(name, "$LATEST");
        struct function *published = make_function(name, "1");
        if (!add(db, latest, published, "{}", NULL) || write(told, &number, sizeof number) != sizeof number)
            _exit(1);
        function_unref(latest);
        function_unref(published);
    }
}

/* Kills the writer once it has told `enough` numbers; returns the last one it told. */
static int write_and_kill(const char *path, int first, int enough) {
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(pipe_fds[0]);
        write_until_killed(path, first, pipe_fds[1]);
    }
    close(pipe_fds[1]);
    int last = first - 1;
    for (int i = 0; i < enough; i++)
        assert_int_equal(read(pipe_fds[0], &last, sizeof last), sizeof last);
    kill(child, SIGKILL);
    while (read(pipe_fds[0], &last, sizeof last) == sizeof last) {
    }
    close(pipe_fds[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    return last;
}

struct counted {
    int functions;
    int versions;
};

static bool count_function(void *arg, const char *account, const char *name, int64_t next_version,
                           const char *tags, struct err *err) {
    (void)account, (void)tags, (void)err;
    struct counted *counted = arg;
    char expected[32];
    snprintf(expected, sizeof expected, "f%06d", counted->functions++);
    assert_string_equal(name, expected);
    assert_int_equal(next_version, 2);
    return true;
}

static bool count_version(void *arg, struct function *version, struct err *err) {
    (void)err;
    struct counted *counted = arg;
    counted->versions++;
    function_unref(version);
    return true;
}

/* Everything told is there and whole, without a gap; what was being written may be there or not, but never
 * half. */
static void test_kill_of_a_writer(void **state) {
    struct place *place = *state;
    int next = 0;
    for (int round = 0; round < 12; round++) {
        int last = write_and_kill(place->path, next, round * 5 % 17);
        struct db *db = open_db(place->path);
        struct counted counted = {0};
        struct store_functions_reader reader = {count_function, count_version, &counted};
        struct err err;
        assert_true(store_functions_read(db, &reader, &err));
        assert_in_range(counted.functions, last + 1, last + 2);
        assert_int_equal(counted.versions, 2 * counted.functions);
        next = counted.functions;
        db_close(db);
    }
    assert_true(next > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, drop_place)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_functions),        TEST(test_records),
        TEST(test_refusals),         TEST(test_stopped_readers),
        TEST(test_statements),       TEST(test_transactions),
        TEST(test_file_is_private),  TEST(test_files_that_cannot_be_opened),
        TEST(test_newer_schema),     TEST(test_corrupt_document),
        TEST(test_kill_of_a_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
