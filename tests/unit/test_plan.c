/* sandbox/plan: what goes in comes out, and bytes that are no plan are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "sandbox/plan.h"

static const char *const argv[] = {"/var/task/bootstrap", "", "--flag=x", NULL};
static const char *const envp[] = {"A=1", "EMPTY=", "UTF8=\xc3\xa4", NULL};
static const char *const nothing[] = {NULL};

static struct plan sample(void) {
    return (struct plan){
        .memory_mb = 512,
        .cpu_millis = 289,
        .tmp_mb = 1024,
        .processes = 1024,
        .descriptors = 1000,
        .program = {.working_dir = "/var/task", .argv = argv, .envp = envp},
        .has_handover = true,
        .mounts = {{"/var/task"}, {"/opt"}},
        .mount_count = 2,
    };
}

static struct buf encode(const struct plan *plan) {
    struct buf buf;
    buf_init(&buf, 2 * LIMIT_PLAN_BYTES);
    assert_true(plan_encode(plan, &buf, NULL));
    return buf;
}

/* Encodes and decodes, expecting a refusal that names `reason`. */
static void assert_refused(const struct plan *plan, const char *reason) {
    OWN(buf) struct buf buf = encode(plan);
    struct plan *decoded = NULL;
    struct err err;
    assert_false(plan_decode(buf.data, buf.len, &decoded, &err));
    assert_null(decoded);
    if (!strstr(err.text, reason))
        fail_msg("\"%s\" does not name \"%s\"", err.text, reason);
}

static void test_round_trip(void **state) {
    (void)state;
    struct plan plan = sample();
    OWN(buf) struct buf buf = encode(&plan);
    struct plan *decoded;
    struct err err;
    assert_true(plan_decode(buf.data, buf.len, &decoded, &err));
    assert_int_equal(decoded->memory_mb, 512);
    assert_int_equal(decoded->cpu_millis, 289);
    assert_int_equal(decoded->tmp_mb, 1024);
    assert_int_equal(decoded->processes, 1024);
    assert_int_equal(decoded->descriptors, 1000);
    assert_true(decoded->has_handover);
    assert_string_equal(decoded->program.working_dir, "/var/task");
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(decoded->program.argv[i], argv[i]);
        assert_string_equal(decoded->program.envp[i], envp[i]);
    }
    assert_null(decoded->program.argv[3]);
    assert_null(decoded->program.envp[3]);
    assert_int_equal(decoded->mount_count, 2);
    assert_string_equal(decoded->mounts[0].target, "/var/task");
    assert_string_equal(decoded->mounts[1].target, "/opt");
    plan_free(decoded);
}

static void test_nothing_but_a_program(void **state) {
    (void)state;
    static const char *const one[] = {"x", NULL};
    struct plan plan = sample();
    plan.program.argv = one;
    plan.program.envp = nothing;
    plan.mount_count = 0;
    OWN(buf) struct buf buf = encode(&plan);
    struct plan *decoded;
    assert_true(plan_decode(buf.data, buf.len, &decoded, NULL));
    assert_null(decoded->program.envp[0]);
    assert_null(decoded->program.argv[1]);
    plan_free(decoded);
}

/* The decoded plan must not point into the packet. */
static void test_decoded_plan_stands_alone(void **state) {
    (void)state;
    struct plan plan = sample();
    OWN(buf) struct buf buf = encode(&plan);
    struct plan *decoded;
    assert_true(plan_decode(buf.data, buf.len, &decoded, NULL));
    memset(buf.data, 'x', buf.len);
    assert_string_equal(decoded->program.argv[0], "/var/task/bootstrap");
    assert_string_equal(decoded->mounts[1].target, "/opt");
    plan_free(decoded);
}

static void test_every_cut_is_refused(void **state) {
    (void)state;
    struct plan plan = sample();
    OWN(buf) struct buf buf = encode(&plan);
    /* What ends with the targets is a plan without a program: see test_without_a_program(). */
    plan.program = (struct program){0};
    OWN(buf) struct buf without = encode(&plan);
    for (size_t len = 0; len < buf.len; len++) {
        struct plan *decoded;
        if (len == without.len)
            continue;
        /* A copy of exactly this size, so that a sanitizer sees what reads past it. */
        char *cut = mem_copy(buf.data, len);
        assert_false(plan_decode(cut, len, &decoded, NULL));
        free(cut);
    }
}

static void test_bytes_behind_the_end_are_refused(void **state) {
    (void)state;
    struct plan plan = sample();
    OWN(buf) struct buf buf = encode(&plan);
    struct plan *decoded;
    buf_append(&buf, "", 1);
    assert_false(plan_decode(buf.data, buf.len, &decoded, NULL));
}

static void test_numbers_out_of_range(void **state) {
    (void)state;
    static const struct {
        size_t offset;
        uint32_t value;
        const char *name;
    } wrong[] = {
        {offsetof(struct plan, memory_mb), 0, "memory_mb"},
        {offsetof(struct plan, memory_mb), LIMIT_MEMORY_MAX_MB + 1, "memory_mb"},
        {offsetof(struct plan, cpu_millis), 0, "cpu_millis"},
        {offsetof(struct plan, cpu_millis), PLAN_MAX_CPU_MILLIS + 1, "cpu_millis"},
        {offsetof(struct plan, tmp_mb), 0, "tmp_mb"},
        {offsetof(struct plan, tmp_mb), LIMIT_TMP_MAX_MB + 1, "tmp_mb"},
        {offsetof(struct plan, processes), 0, "processes"},
        {offsetof(struct plan, processes), LIMIT_ENVIRONMENT_PROCESSES + 1, "processes"},
        {offsetof(struct plan, descriptors), 2, "descriptors"},
        {offsetof(struct plan, descriptors), UINT32_MAX, "descriptors"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct plan plan = sample();
        memcpy((char *)&plan + wrong[i].offset, &wrong[i].value, sizeof wrong[i].value);
        assert_refused(&plan, wrong[i].name);
    }
}

static void test_targets(void **state) {
    (void)state;
    static const char *const bad[] = {"",      "/",         "opt", "./opt", "/opt/",  "//opt",
                                      "/a//b", "/a/../etc", "/..", "/a/..", "/a/./b", "/."};
    static const char *const good[] = {"/opt", "/var/task", "/mnt/a..b", "/mnt/...", "/a/.b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct plan plan = sample();
        plan.mounts[1].target = bad[i];
        assert_refused(&plan, "mount's target");
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct plan plan = sample();
        plan.mounts[1].target = good[i];
        OWN(buf) struct buf buf = encode(&plan);
        struct plan *decoded;
        assert_true(plan_decode(buf.data, buf.len, &decoded, NULL));
        plan_free(decoded);
    }
}

/* As sandbox_fit() sends it. */
static void test_without_a_program(void **state) {
    (void)state;
    struct plan plan = sample();
    plan.program = (struct program){0};
    OWN(buf) struct buf buf = encode(&plan);
    struct plan *decoded;
    assert_true(plan_decode(buf.data, buf.len, &decoded, NULL));
    assert_null(decoded->program.argv);
    assert_int_equal(decoded->mount_count, 2);
    plan_free(decoded);
}

static void test_program_is_checked(void **state) {
    (void)state;
    struct plan plan = sample();
    plan.program.working_dir = "var/task";
    assert_refused(&plan, "not absolute");
}

static void test_too_many_bytes(void **state) {
    (void)state;
    char *long_text = mem_alloc(LIMIT_PLAN_BYTES);
    memset(long_text, 'x', LIMIT_PLAN_BYTES - 1);
    const char *const arguments[] = {"program", long_text, NULL};
    struct plan plan = sample();
    plan.program.argv = arguments;
    OWN(buf) struct buf buf;
    struct err err;
    buf_init(&buf, 2 * LIMIT_PLAN_BYTES);
    assert_false(plan_encode(&plan, &buf, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    free(long_text);
}

/* The spawner puts a head in front of it in the same buffer. */
static void test_encode_appends(void **state) {
    (void)state;
    struct plan plan = sample();
    OWN(buf) struct buf buf;
    struct plan *decoded;
    buf_init(&buf, LIMIT_PLAN_BYTES + 4);
    buf_append(&buf, "head", 4);
    assert_true(plan_encode(&plan, &buf, NULL));
    assert_memory_equal(buf.data, "head", 4);
    assert_true(plan_decode(buf.data + 4, buf.len - 4, &decoded, NULL));
    plan_free(decoded);
    plan_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_nothing_but_a_program),
        cmocka_unit_test(test_decoded_plan_stands_alone),
        cmocka_unit_test(test_every_cut_is_refused),
        cmocka_unit_test(test_bytes_behind_the_end_are_refused),
        cmocka_unit_test(test_numbers_out_of_range),
        cmocka_unit_test(test_targets),
        cmocka_unit_test(test_without_a_program),
        cmocka_unit_test(test_program_is_checked),
        cmocka_unit_test(test_too_many_bytes),
        cmocka_unit_test(test_encode_appends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
