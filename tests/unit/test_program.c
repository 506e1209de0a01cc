/* sandbox/program: what goes in comes out, and bytes that are no program are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "sandbox/program.h"

static const char *const argv[] = {"/opt/extensions/x", "", "--flag=x", NULL};
static const char *const envp[] = {"A=1", "EMPTY=", "UTF8=\xc3\xa4", NULL};
static const char *const nothing[] = {NULL};
static const struct program sample = {.working_dir = "/var/task", .argv = argv, .envp = envp};

static struct buf encode(const struct program *program) {
    struct buf buf;
    buf_init(&buf, 2 * LIMIT_PLAN_BYTES);
    program_append(&buf, program);
    assert_true(buf_ok(&buf));
    return buf;
}

static void assert_refused(const struct program *program, const char *reason) {
    OWN(buf) struct buf buf = encode(program);
    struct program *decoded = NULL;
    struct err err;
    assert_false(program_decode(buf.data, buf.len, &decoded, &err));
    assert_null(decoded);
    if (!strstr(err.text, reason))
        fail_msg("\"%s\" does not name \"%s\"", err.text, reason);
}

/* The decoded one must not point into the packet. */
static void test_round_trip(void **state) {
    (void)state;
    OWN(buf) struct buf buf = encode(&sample);
    struct program *decoded;
    assert_true(program_decode(buf.data, buf.len, &decoded, NULL));
    memset(buf.data, 'x', buf.len);
    assert_string_equal(decoded->working_dir, "/var/task");
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(decoded->argv[i], argv[i]);
        assert_string_equal(decoded->envp[i], envp[i]);
    }
    assert_null(decoded->argv[3]);
    assert_null(decoded->envp[3]);
    program_free(decoded);
    program_free(NULL);
}

static void test_no_variables(void **state) {
    (void)state;
    struct program program = sample;
    program.envp = nothing;
    OWN(buf) struct buf buf = encode(&program);
    struct program *decoded;
    assert_true(program_decode(buf.data, buf.len, &decoded, NULL));
    assert_null(decoded->envp[0]);
    program_free(decoded);
}

static void test_every_cut_is_refused(void **state) {
    (void)state;
    OWN(buf) struct buf buf = encode(&sample);
    for (size_t len = 0; len < buf.len; len++) {
        struct program *decoded;
        /* A copy of exactly this size, so that a sanitizer sees what reads past it. */
        char *cut = mem_copy(buf.data, len);
        assert_false(program_decode(cut, len, &decoded, NULL));
        free(cut);
    }
}

static void test_bytes_behind_the_end_are_refused(void **state) {
    (void)state;
    OWN(buf) struct buf buf = encode(&sample);
    struct program *decoded;
    buf_append(&buf, "", 1);
    assert_false(program_decode(buf.data, buf.len, &decoded, NULL));
}

static void test_counts_that_lie(void **state) {
    (void)state;
    static const uint32_t counts[][2] = {
        {0, 0}, {UINT32_MAX, 1}, {1, UINT32_MAX},        {UINT32_MAX, UINT32_MAX},
        {4, 3}, {3, 4},          {PROGRAM_MAX_TEXTS, 1},
    };
    OWN(buf) struct buf buf = encode(&sample);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct program *decoded;
        memcpy(buf.data, counts[i], sizeof counts[i]);
        assert_false(program_decode(buf.data, buf.len, &decoded, NULL));
    }
}

static void test_program_and_directory(void **state) {
    (void)state;
    static const char *const unnamed[] = {"", NULL};
    struct program program = sample;
    program.argv = nothing;
    assert_refused(&program, "0 arguments");
    program.argv = unnamed;
    assert_refused(&program, "name is empty");
    program = sample;
    program.working_dir = "var/task";
    assert_refused(&program, "not absolute");
}

static void test_too_many_texts(void **state) {
    (void)state;
    const char *many[PROGRAM_MAX_TEXTS + 2];
    for (size_t i = 0; i <= PROGRAM_MAX_TEXTS; i++)
        many[i] = "A=";
    many[PROGRAM_MAX_TEXTS + 1] = NULL;
    struct program program = sample;
    program.envp = many;
    assert_refused(&program, "environment variables");
    many[PROGRAM_MAX_TEXTS] = NULL; /* alone they would fit, with the arguments they do not */
    assert_refused(&program, "together");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),           cmocka_unit_test(test_no_variables),
        cmocka_unit_test(test_every_cut_is_refused), cmocka_unit_test(test_bytes_behind_the_end_are_refused),
        cmocka_unit_test(test_counts_that_lie),      cmocka_unit_test(test_program_and_directory),
        cmocka_unit_test(test_too_many_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
