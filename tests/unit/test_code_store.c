/* api/lambda/code_store: what is held stays, what is used gets its layout, the rest goes; with real jobs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "api/lambda/code_store.h"
#include "package/blob.h"
#include "package/layout.h"
#include "sys/fs.h"
#include "zip_writer.h"

struct fixture {
    char top[32];
    char blobs[48];
    char layouts[48];
    size_t background;
    struct loop *loop;
    struct code_store store;
};

static void start_store(struct fixture *fixture) {
    code_store_init(&fixture->store, fixture->loop, fixture->blobs, fixture->layouts, &fixture->background);
}

static int set_up(void **state) {
    struct fixture *fixture = mem_alloc(sizeof *fixture);
    snprintf(fixture->top, sizeof fixture->top, "/tmp/lamb-codes-XXXXXX");
    assert_non_null(mkdtemp(fixture->top));
    snprintf(fixture->blobs, sizeof fixture->blobs, "%s/blobs", fixture->top);
    snprintf(fixture->layouts, sizeof fixture->layouts, "%s/layouts", fixture->top);
    assert_int_equal(mkdir(fixture->blobs, 0700), 0);
    assert_int_equal(mkdir(fixture->layouts, 0700), 0);
    fixture->loop = loop_new();
    start_store(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    code_store_done(&fixture->store);
    loop_free(fixture->loop);
    assert_true(fs_remove_tree(fixture->top, NULL));
    free(fixture);
    return 0;
}

static void settle(struct fixture *fixture) {
    while (fixture->background)
        loop_turn(fixture->loop, true);
}

static void put_package(const struct fixture *fixture, const char *text,
                        char digest[DIGEST_SHA256_HEX_BYTES]) {
    struct zip_writer writer;
    struct err err;
    zip_writer_init(&writer);
    zip_add(&writer, (struct zip_item){.name = "file", .data = text, .mode = S_IFREG | 0644});
    zip_finish(&writer, false);
    if (!blob_put(fixture->blobs, writer.out.data, writer.out.len, digest, &err))
        fail_msg("%s", err.text);
    zip_writer_done(&writer);
}

static bool has(const char *dir, const char *name) {
    OWN_MEM char *path = fs_join(dir, name);
    return fs_exists(path);
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

struct waiter {
    struct code_wait wait;
    int runs;
    bool ok;
    struct err err;
};

static void on_run(struct code_wait *wait) {
    struct waiter *waiter = list_item(wait, struct waiter, wait);
    waiter->runs++;
    waiter->ok = !wait->err;
    if (wait->err)
        waiter->err = *wait->err;
}

static void unpack(struct fixture *fixture, const char *name, struct waiter *waiter) {
    *waiter = (struct waiter){.wait.run = on_run};
    code_unpack(&fixture->store, name, &waiter->wait);
}

static void test_hold_and_use(void **state) {
    struct fixture *fixture = *state;
    struct code_store *store = &fixture->store;
    char digest[DIGEST_SHA256_HEX_BYTES];
    struct waiter waiter = {.wait.run = on_run};
    put_package(fixture, "one", digest);
    code_hold(store, digest, &waiter.wait);
    assert_int_equal(waiter.runs, 1);
    code_use(store, digest);
    struct waiter first, second;
    unpack(fixture, digest, &first);
    unpack(fixture, digest, &second);
    assert_int_equal(first.runs, 0);
    settle(fixture);
    assert_true(first.runs == 1 && first.ok && second.runs == 1 && second.ok);
    assert_true(has(fixture->layouts, digest));
    unpack(fixture, digest, &first);
    assert_true(first.runs == 1 && first.ok);
    /* Without a use the layout goes, without a hold the package. */
    code_unuse(store, digest);
    settle(fixture);
    assert_false(has(fixture->layouts, digest));
    assert_true(has(fixture->blobs, digest));
    code_release(store, digest);
    settle(fixture);
    assert_false(has(fixture->blobs, digest));
}

static void test_wanted_again(void **state) {
    struct fixture *fixture = *state;
    struct code_store *store = &fixture->store;
    char digest[DIGEST_SHA256_HEX_BYTES];
    struct waiter held = {.wait.run = on_run}, unpacked;
    put_package(fixture, "one", digest);
    code_share(store, digest);
    /* While it is being removed: whoever holds it waits and writes it again. */
    code_release(store, digest);
    code_hold(store, digest, &held.wait);
    assert_int_equal(held.runs, 0);
    settle(fixture);
    assert_int_equal(held.runs, 1);
    assert_false(has(fixture->blobs, digest));
    put_package(fixture, "one", digest);
    code_use(store, digest);
    unpack(fixture, digest, &unpacked);
    settle(fixture);
    assert_true(unpacked.ok);
    /* The same with the layout alone. */
    code_unuse(store, digest);
    code_use(store, digest);
    unpack(fixture, digest, &unpacked);
    assert_int_equal(unpacked.runs, 0);
    settle(fixture);
    assert_true(unpacked.runs == 1 && unpacked.ok);
    assert_true(has(fixture->layouts, digest));
    /* And given up while it is being made. */
    code_unuse(store, digest);
    settle(fixture);
    code_use(store, digest);
    unpack(fixture, digest, &unpacked);
    code_unuse(store, digest);
    code_release(store, digest);
    settle(fixture);
    assert_int_equal(unpacked.runs, 1);
    assert_int_equal(count_in(fixture->layouts) + count_in(fixture->blobs), 0);
}

static void test_merged(void **state) {
    struct fixture *fixture = *state;
    struct code_store *store = &fixture->store;
    char one[DIGEST_SHA256_HEX_BYTES], two[DIGEST_SHA256_HEX_BYTES], name[DIGEST_SHA256_HEX_BYTES];
    struct waiter waiter, alone;
    put_package(fixture, "one", one);
    put_package(fixture, "two", two);
    const char *list[] = {one, two};
    layout_name_merged(list, 2, name);
    code_share(store, one);
    code_share(store, two);
    code_use_merged(store, list, 2);
    unpack(fixture, name, &waiter);
    unpack(fixture, two, &alone);
    settle(fixture);
    assert_true(waiter.runs == 1 && waiter.ok && alone.ok);
    assert_int_equal(count_in(fixture->layouts), 3);
    /* The packages may be let go: the list needs them. */
    code_release(store, one);
    code_release(store, two);
    settle(fixture);
    assert_int_equal(count_in(fixture->blobs), 2);
    /* Used twice, then given up, and wanted again in the middle of it. */
    code_use_merged(store, list, 2);
    code_unuse(store, name);
    settle(fixture);
    assert_int_equal(count_in(fixture->layouts), 3);
    code_unuse(store, name);
    code_use_merged(store, list, 2);
    unpack(fixture, name, &waiter);
    settle(fixture);
    assert_true(waiter.runs == 1 && waiter.ok);
    assert_int_equal(count_in(fixture->layouts), 3);
    code_unuse(store, name);
    settle(fixture);
    assert_int_equal(count_in(fixture->layouts) + count_in(fixture->blobs), 0);
}

static void test_merged_fails_with_a_part(void **state) {
    struct fixture *fixture = *state;
    struct code_store *store = &fixture->store;
    char one[DIGEST_SHA256_HEX_BYTES], two[DIGEST_SHA256_HEX_BYTES], name[DIGEST_SHA256_HEX_BYTES];
    struct waiter waiter;
    put_package(fixture, "one", one);
    put_package(fixture, "two", two);
    assert_true(blob_remove(fixture->blobs, two, NULL));
    const char *list[] = {one, two};
    layout_name_merged(list, 2, name);
    code_share(store, one);
    code_share(store, two);
    code_use_merged(store, list, 2);
    unpack(fixture, name, &waiter);
    settle(fixture);
    assert_true(waiter.runs == 1 && !waiter.ok);
    assert_non_null(strstr(waiter.err.text, two));
    /* It was mended. */
    put_package(fixture, "two", two);
    unpack(fixture, name, &waiter);
    settle(fixture);
    assert_true(waiter.ok);
    code_unuse(store, name);
    code_release(store, one);
    code_release(store, two);
    settle(fixture);
    assert_int_equal(count_in(fixture->layouts) + count_in(fixture->blobs), 0);
}

/* Another start on the same directories. */
static void test_tidy(void **state) {
    struct fixture *fixture = *state;
    char kept[DIGEST_SHA256_HEX_BYTES], held[DIGEST_SHA256_HEX_BYTES], gone[DIGEST_SHA256_HEX_BYTES];
    char name[DIGEST_SHA256_HEX_BYTES];
    struct err err;
    put_package(fixture, "kept", kept);
    put_package(fixture, "held", held);
    put_package(fixture, "gone", gone);
    assert_true(layout_make(fixture->layouts, fixture->blobs, kept, &err));
    assert_true(layout_make(fixture->layouts, fixture->blobs, held, &err));
    assert_true(layout_make(fixture->layouts, fixture->blobs, gone, &err));
    const char *old[] = {kept, gone};
    assert_true(layout_make_merged(fixture->layouts, old, 2, &err));
    code_use(&fixture->store, kept);
    code_share(&fixture->store, held);
    assert_true(code_store_tidy(&fixture->store, &err));
    settle(fixture);
    assert_true(has(fixture->blobs, kept) && has(fixture->blobs, held));
    assert_int_equal(count_in(fixture->blobs), 2);
    assert_true(has(fixture->layouts, kept));
    assert_int_equal(count_in(fixture->layouts), 1);
    /* What is used and not there is made again, lists too. */
    const char *list[] = {held, kept};
    layout_name_merged(list, 2, name);
    code_store_done(&fixture->store);
    start_store(fixture);
    code_share(&fixture->store, kept);
    code_share(&fixture->store, held);
    code_use_merged(&fixture->store, list, 2);
    assert_true(layout_remove(fixture->layouts, kept, &err));
    assert_true(code_store_tidy(&fixture->store, &err));
    settle(fixture);
    assert_int_equal(count_in(fixture->layouts), 3);
    assert_true(has(fixture->layouts, name));
    /* At the next one nothing is left to do. */
    code_store_done(&fixture->store);
    start_store(fixture);
    code_use_merged(&fixture->store, list, 2);
    assert_true(code_store_tidy(&fixture->store, &err));
    assert_int_equal(fixture->background, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_hold_and_use), TEST(test_wanted_again),
        TEST(test_merged),       TEST(test_merged_fails_with_a_part),
        TEST(test_tidy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
