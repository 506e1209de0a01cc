/* model/function: defaults, copies, references, and the stored form with everything that may be wrong in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "model/environment.h"
#include "model/function.h"
#include "model/function_stored.h"
#include "model/tags.h"

#define DIGEST "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define LAYER_ARN "arn:aws:lambda:us-east-1:000000000000:layer:tools:3"

static void set_identity(struct function *function) {
    snprintf(function->account, sizeof function->account, "000000000000");
    function_set_text(&function->name, "example");
    snprintf(function->version, sizeof function->version, "$LATEST");
}

static struct function *make_example(void) {
    const struct function_variable variables[] = {{"ABC", "a \"quoted\" \n\x01"},
                                                  {"XYZ", "\xc3\xa9\xf0\x9f\x98\x80"}};
    const struct function_layer layers[] = {
        {.arn = LAYER_ARN, .digest = DIGEST, .size_bytes = 7, .unzipped_bytes = 9}};
    struct function *function = function_new();
    set_identity(function);
    snprintf(function->revision_id, sizeof function->revision_id, "0bd55a3c-3c2a-4a3a-8b1c-0c3c1a2b3c4d");
    memcpy(function->code_digest, DIGEST, sizeof DIGEST);
    function_set_text(&function->runtime, "python3.12");
    function_set_text(&function->description, "does \"things\"");
    function_set_text(&function->handler, "app.handler");
    function_set_text(&function->role, "arn:aws:iam::000000000000:role/r");
    function_set_text(&function->log_group, "/own/group");
    function_set_text(&function->dead_letter_arn, "arn:aws:sqs:us-east-1:000000000000:q");
    function_set_variables(function, variables, 2);
    function_set_layers(function, layers, 1);
    function->has_environment = true;
    function->logs_json = true;
    function->application_log_level = FUNCTION_LOG_FATAL;
    function->system_log_level = FUNCTION_LOG_WARN;
    function->is_traced = true;
    function->is_snapstart = true;
    function->memory_mb = 10240;
    function->timeout_s = 900;
    function->tmp_mb = 1024;
    function->code_size_bytes = 52428800;
    function->code_unzipped_bytes = 262144000;
    function->state = FUNCTION_ACTIVE;
    function->update = FUNCTION_UPDATE_IN_PROGRESS;
    function->update_reason = FUNCTION_REASON_CREATING;
    function->update_reason_code = FUNCTION_REASON_CODE_CREATING;
    function->last_modified_us = 1764037610123456;
    function->epoch = 7;
    return function;
}

/* NULL when the text is refused. */
static struct function *decode(const char *text, const struct function *sibling, struct err *err) {
    struct function *function = function_new();
    set_identity(function);
    if (function_decode(text, strlen(text), sibling, function, err))
        return function;
    function_unref(function);
    return NULL;
}

static char *encode(const struct function *function) {
    struct buf buf;
    buf_init(&buf, 65536);
    function_encode(function, &buf);
    assert_true(buf_ok(&buf));
    return buf_take(&buf);
}

static void test_defaults(void **state) {
    (void)state;
    struct function *function = function_new();
    assert_int_equal(function->references, 1);
    assert_int_equal(function->memory_mb, 128);
    assert_int_equal(function->timeout_s, 3);
    assert_int_equal(function->tmp_mb, 512);
    assert_string_equal(function->architecture, "x86_64");
    assert_string_equal(function->description, "");
    assert_false(function->has_environment);
    assert_int_equal(function->state, FUNCTION_PENDING);
    assert_int_equal(function->update, FUNCTION_UPDATE_NONE);
    function_unref(function);
    function_unref(NULL);
}

static void test_copies_and_references(void **state) {
    (void)state;
    struct function *function = make_example();
    struct function *shared = function_ref(function);
    assert_ptr_equal(shared, function);
    struct function *copy = function_copy(function);
    assert_int_equal(copy->references, 1);
    assert_int_equal(copy->epoch, 7);
    function_set_text(&copy->description, "other");
    function_set_variables(copy, NULL, 0);
    assert_string_equal(function->description, "does \"things\"");
    assert_int_equal(function->variable_count, 2);
    assert_string_equal(function->variables[1].name, "XYZ");
    function_unref(copy);
    function_unref(function);
    assert_string_equal(shared->handler, "app.handler");
    function_unref(shared);
}

/* Both texts from the same variables, so that setting a field from itself must work too. */
static void test_setting_from_itself(void **state) {
    (void)state;
    struct function *function = make_example();
    function_set_text(&function->role, function->role);
    function_set_variables(function, function->variables, 1);
    assert_string_equal(function->role, "arn:aws:iam::000000000000:role/r");
    assert_int_equal(function->variable_count, 1);
    assert_string_equal(function->variables[0].name, "ABC");
    function_unref(function);
}

/* What is shared stays shared until one of the two sets it anew. */
static void test_copies_share_their_parts(void **state) {
    (void)state;
    struct function *function = make_example();
    struct function *copy = function_copy(function);
    assert_ptr_equal(copy->name, function->name);
    assert_ptr_equal(copy->role, function->role);
    assert_ptr_equal(copy->variables, function->variables);
    assert_ptr_equal(copy->layers, function->layers);
    function_set_layers(copy, NULL, 0);
    function_set_text(&copy->log_group, NULL);
    assert_int_equal(function->layer_count, 1);
    assert_string_equal(function->layers[0].arn, LAYER_ARN);
    assert_string_equal(function->log_group, "/own/group");
    assert_null(copy->log_group);
    function_unref(function);
    assert_string_equal(copy->role, "arn:aws:iam::000000000000:role/r");
    function_unref(copy);
}

static void test_code_sha256(void **state) {
    (void)state;
    struct function *function = make_example();
    char text[DIGEST_SHA256_BASE64_BYTES];
    function_code_sha256(function, text);
    assert_string_equal(text, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    function_unref(function);
}

static void test_stored_form_is_complete(void **state) {
    (void)state;
    struct function *function = make_example();
    char *text = encode(function);
    struct err err;
    struct function *decoded = decode(text, NULL, &err);
    if (!decoded)
        fail_msg("%s", err.text);
    char *again = encode(decoded);
    assert_string_equal(text, again);
    assert_true(function_is_repeated(decoded, function));
    assert_string_equal(decoded->description, "does \"things\"");
    assert_string_equal(decoded->variables[0].value, "a \"quoted\" \n\x01");
    assert_string_equal(decoded->variables[1].value, "\xc3\xa9\xf0\x9f\x98\x80");
    assert_string_equal(decoded->layers[0].arn, LAYER_ARN);
    assert_string_equal(decoded->layers[0].digest, DIGEST);
    assert_int_equal(decoded->layers[0].size_bytes, 7);
    assert_int_equal(decoded->layers[0].unzipped_bytes, 9);
    assert_string_equal(decoded->log_group, "/own/group");
    assert_int_equal(decoded->system_log_level, FUNCTION_LOG_WARN);
    assert_true(decoded->logs_json && decoded->is_traced && decoded->is_snapstart);
    assert_int_equal(decoded->last_modified_us, 1764037610123456);
    assert_int_equal(decoded->code_size_bytes, 52428800);
    assert_int_equal(decoded->code_unzipped_bytes, 262144000);
    assert_int_equal(decoded->update, FUNCTION_UPDATE_IN_PROGRESS);
    assert_string_equal(decoded->update_reason, "The function is being created.");
    assert_null(decoded->state_reason);
    assert_int_equal(decoded->epoch, 0);
    assert_int_equal(decoded->references, 1);
    free(text);
    free(again);
    function_unref(decoded);
    function_unref(function);
}

/* Everything that may be left out. */
static void test_stored_form_of_the_least(void **state) {
    (void)state;
    struct function *function = function_new();
    char *text = encode(function);
    assert_string_equal(text, "c0:R0:h0:r0:d0:a6:x86_64m3:128t1:3e3:512i0:");
    struct function *decoded = decode(text, NULL, NULL);
    assert_non_null(decoded);
    assert_true(function_is_repeated(decoded, function));
    assert_string_equal(decoded->handler, "");
    assert_null(decoded->log_group);
    free(text);
    function_unref(decoded);
    function_unref(function);
}

static void test_decoding_shares_with_a_sibling(void **state) {
    (void)state;
    struct function *function = make_example();
    char *text = encode(function);
    struct function *sibling = decode(text, NULL, NULL);
    struct function *same = decode(text, sibling, NULL);
    assert_ptr_equal(same->role, sibling->role);
    assert_ptr_equal(same->variables, sibling->variables);
    assert_ptr_equal(same->layers, sibling->layers);
    free(text);
    const struct function_variable other = {"ABC", "another"};
    function_set_variables(function, &other, 1);
    function_set_text(&function->role, "arn:aws:iam::000000000000:role/r2");
    text = encode(function);
    struct function *different = decode(text, sibling, NULL);
    assert_string_equal(different->role, "arn:aws:iam::000000000000:role/r2");
    assert_string_equal(different->variables[0].value, "another");
    assert_string_equal(sibling->role, "arn:aws:iam::000000000000:role/r");
    free(text);
    function_unref(sibling);
    assert_string_equal(same->role, "arn:aws:iam::000000000000:role/r");
    assert_string_equal(same->variables[0].name, "ABC");
    function_unref(same);
    function_unref(different);
    function_unref(function);
}

static void test_empty_environment_is_kept(void **state) {
    (void)state;
    struct function *function = make_example();
    function_set_variables(function, NULL, 0);
    char *text = encode(function);
    struct function *decoded = decode(text, NULL, NULL);
    assert_true(decoded->has_environment);
    assert_int_equal(decoded->variable_count, 0);
    function_unref(decoded);
    free(text);
    function->has_environment = false;
    text = encode(function);
    decoded = decode(text, NULL, NULL);
    assert_false(decoded->has_environment);
    function_unref(decoded);
    free(text);
    function_unref(function);
}

static void change_memory(struct function *function) {
    function->memory_mb = 128;
}
static void change_digest(struct function *function) {
    function->code_digest[0] = 'f';
}
static void change_role(struct function *function) {
    function_set_text(&function->role, "arn:aws:iam::000000000000:role/other");
}
static void change_description(struct function *function) {
    function_set_text(&function->description, "other");
}
static void change_group(struct function *function) {
    function_set_text(&function->log_group, NULL);
}
static void change_level(struct function *function) {
    function->system_log_level = FUNCTION_LOG_DEBUG;
}
static void change_tracing(struct function *function) {
    function->is_traced = false;
}
static void change_variables(struct function *function) {
    const struct function_variable variables[] = {{"ABC", "1"}, {"XYZ", "2"}};
    function_set_variables(function, variables, 2);
}
static void change_layers(struct function *function) {
    function_set_layers(function, NULL, 0);
}

/* A version that differs in any of these is another one; state, revision and time don't count. */
static void test_repetition(void **state) {
    (void)state;
    static void (*const changes[])(struct function *) = {
        change_memory, change_digest,  change_role,      change_description, change_group,
        change_level,  change_tracing, change_variables, change_layers,
    };
    struct function *published = make_example();
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct function *latest = make_example();
        latest->state = FUNCTION_FAILED;
        latest->last_modified_us++;
        latest->revision_id[0] = 'f';
        assert_true(function_is_repeated(published, latest));
        changes[i](latest);
        if (function_is_repeated(published, latest))
            fail_msg("change %zu is not noticed", i);
        function_unref(latest);
    }
    function_unref(published);
}

/* A version may have been published with a description of its own: what counts is that of $LATEST. */
static void test_repetition_with_an_own_description(void **state) {
    (void)state;
    struct function *latest = make_example();
    struct function *published = function_copy(latest);
    function_set_own_description(published, "the first");
    assert_string_equal(published->description, "the first");
    assert_true(function_is_repeated(published, latest));
    char *text = encode(published);
    struct function *stored = decode(text, NULL, NULL);
    free(text);
    assert_true(function_is_repeated(stored, latest));
    function_set_text(&latest->description, "the first");
    assert_false(function_is_repeated(stored, latest));
    function_unref(stored);
    function_unref(published);
    function_unref(latest);
}

/* An empty description of $LATEST is remembered too. */
static void test_own_description_beside_an_empty_one(void **state) {
    (void)state;
    struct function *latest = function_new();
    struct function *published = function_copy(latest);
    function_set_own_description(published, "the first");
    char *text = encode(published);
    struct function *stored = decode(text, NULL, NULL);
    free(text);
    assert_true(function_is_repeated(stored, latest));
    function_unref(stored);
    function_unref(published);
    function_unref(latest);
}

static void expect_refused(const char *text, const char *words) {
    struct err err;
    assert_null(decode(text, NULL, &err));
    assert_int_equal(err.code, ERR_CORRUPT);
    if (!strstr(err.text, words))
        fail_msg("%s: \"%s\" does not say %s", text, err.text, words);
}

/* Replaces the first `from` of the stored form and expects a refusal that says `words`. */
static void expect_corrupt(const char *from, const char *to, const char *words) {
    struct function *function = make_example();
    char *text = encode(function);
    function_unref(function);
    char *place = strstr(text, from);
    if (!place)
        fail_msg("no %s in %s", from, text);
    char *changed = mem_format("%.*s%s%s", (int)(place - text), text, to, place + strlen(from));
    expect_refused(changed, words);
    free(changed);
    free(text);
}

static void test_corrupt_documents(void **state) {
    (void)state;
    expect_corrupt("a6:x86_64", "a8:x86_6456", "architecture");
    expect_corrupt("a6:x86_64", "", "architecture");
    expect_corrupt("a6:x86_64", "a6:x86_64a6:x86_64", "architecture");
    expect_corrupt("m5:10240", "M5:10240", "can't be read at byte");
    expect_corrupt("m5:10240", "m2:-1", "memory_mb");
    expect_corrupt("m5:10240", "m0:", "memory_mb");
    expect_corrupt("m5:10240", "m10:4294967296", "memory_mb");
    expect_corrupt("t3:900", "t3:1.5", "timeout_s");
    expect_corrupt("b8:52428800", "b1:x", "code_size_bytes");
    expect_corrupt("b8:52428800", "b19:9223372036854775808", "code_size_bytes");
    expect_corrupt("b8:52428800", "b8,52428800", "can't be read");
    expect_corrupt("b8:52428800", "b:52428800", "can't be read");
    expect_corrupt("b8:52428800", "b99999999999999999999:52428800", "can't be read");
    expect_corrupt("x0:", "x1:1", "is_traced");
    expect_corrupt("S4:WARN", "S4:LOUD", "system_log_level");
    expect_corrupt("s6:Active", "s6:Broken", "state");
    expect_corrupt("u10:InProgress", "u1:0", "update");
    expect_corrupt("The function is being created.", "The function is not what it is", "update_reason");
    expect_corrupt("3:XYZ", "9:XYZ", "variables");
    expect_corrupt("1:71:9g", "1:x1:9g", "layers");
    struct function *function = make_example();
    char *text = encode(function);
    function_unref(function);
    size_t len = strlen(text);
    for (size_t cut = 1; cut < len; cut++) {
        struct function *part = function_new();
        function_decode(text, cut, NULL, part, NULL); /* refused or not, but never read behind its end */
        function_unref(part);
    }
    free(text);
    expect_refused("", "architecture");
    expect_refused("{}", "can't be read at byte 1");
    expect_refused("c", "can't be read");
    expect_refused("c1", "can't be read");
    expect_refused("c2:a", "can't be read");
    expect_refused("v4:3:ABC", "variables");
    expect_refused("v5:3:ABC", "variables");
    expect_refused("v6:9:ABCD", "variables");
    expect_refused("l9:1:a1:b1:7", "layers");
    expect_refused("l12:1:a1:b1:71:x", "layers");
}

static void test_names(void **state) {
    (void)state;
    assert_string_equal(function_state_name(FUNCTION_PENDING), "Pending");
    assert_string_equal(function_state_name(FUNCTION_FAILED), "Failed");
    assert_string_equal(function_update_name(FUNCTION_UPDATE_IN_PROGRESS), "InProgress");
    assert_string_equal(function_update_name(FUNCTION_UPDATE_SUCCESSFUL), "Successful");
}

/* The environment of a function from a request's map. */
static bool read_environment(const char *json, struct function *function, struct err *err) {
    struct json_doc doc;
    assert_true(json_parse(&doc, json, strlen(json), 5000, err));
    bool accepted = environment_read(json_root(&doc), function, err);
    json_doc_done(&doc);
    return accepted;
}

static void test_environment(void **state) {
    (void)state;
    struct function *function = function_new();
    struct err err;
    assert_true(read_environment("{\"AB\":\"1\",\"CD\":\"2\",\"AB\":\"3\",\"EF\":null,\"PATH\":\"/x\"}",
                                 function, &err));
    assert_true(function->has_environment);
    assert_int_equal(function->variable_count, 3);
    assert_string_equal(function->variables[0].value, "3");
    assert_false(read_environment("{\"AWS_REGION\":\"x\",\"OK\":\"\",\"_HANDLER\":\"y\"}", function, &err));
    assert_int_equal(err.code, ERR_PARAMETER);
    assert_string_equal(err.text,
                        "Lambda was unable to configure your environment variables because the environment "
                        "variables you have provided contains reserved keys that are currently not supported "
                        "for modification. Reserved keys used in this request: AWS_REGION, _HANDLER");
    assert_int_equal(function->variable_count, 3);
    assert_true(read_environment("{}", function, &err));
    assert_int_equal(function->variable_count, 0);
    function_unref(function);
}

static void test_environment_size(void **state) {
    (void)state;
    static const char frame[] = "{\"LARGE_VAR\":\"";
    char json[4200];
    size_t frame_len = sizeof frame - 1;
    struct function *function = function_new();
    struct err err;
    size_t fill = 4096 - frame_len - 2;
    memcpy(json, frame, frame_len);
    memset(json + frame_len, 'x', fill);
    memcpy(json + frame_len + fill, "\"}", 3);
    assert_true(read_environment(json, function, &err));
    memcpy(json + frame_len + fill, "x\"}", 4);
    assert_false(read_environment(json, function, &err));
    assert_int_equal(err.code, ERR_PARAMETER);
    static const char words[] =
        "Lambda was unable to configure your environment variables because the environment "
        "variables you have provided exceeded the 4KB limit. String measured: "
        "{\"LARGE_VAR\":\"xxxx";
    assert_memory_equal(err.text, words, sizeof words - 1);
    function_unref(function);
}

/* More variables than could ever fit. */
static void test_many_variables(void **state) {
    (void)state;
    struct buf json;
    buf_init(&json, 65536);
    for (int i = 0; i < 2000; i++)
        buf_append_format(&json, "%s\"A%04d\":\"\"", i == 0 ? "{" : ",", i);
    buf_append_byte(&json, '}');
    struct function *function = function_new();
    struct err err;
    assert_false(read_environment(buf_text(&json), function, &err));
    assert_int_equal(err.code, ERR_PARAMETER);
    assert_non_null(strstr(err.text, "exceeded the 4KB limit"));
    function_unref(function);
    buf_done(&json);
}

static bool add_tags(struct tags *tags, const char *json, struct err *err) {
    struct json_doc doc;
    assert_true(json_parse(&doc, json, strlen(json), 5000, err));
    bool added = tags_add(tags, json_root(&doc), err);
    json_doc_done(&doc);
    return added;
}

static void test_tags(void **state) {
    (void)state;
    struct tags tags = {0};
    struct err err;
    assert_false(add_tags(&tags, "{}", &err));
    assert_string_equal(err.text, "An error occurred and the request cannot be processed.");
    assert_true(add_tags(&tags, "{\"a\":\"1\",\"b\":\"2\"}", &err));
    assert_true(add_tags(&tags, "{\"b\":\"\\\"3\",\"c\":\"\"}", &err));
    tags_remove(&tags, "a");
    tags_remove(&tags, "missing");
    struct buf buf;
    buf_init(&buf, 4096);
    tags_encode(&tags, &buf);
    assert_string_equal(buf_text(&buf), "{\"b\":\"\\\"3\",\"c\":\"\"}");
    struct tags decoded;
    assert_true(tags_decode(buf_text(&buf), &decoded, &err));
    assert_int_equal(decoded.count, 2);
    assert_string_equal(decoded.items[0].value, "\"3");
    tags_done(&decoded);
    assert_false(add_tags(&tags, "{\"d\":\"1\",\"AWS:x\":\"1\"}", &err));
    assert_int_equal(err.code, ERR_PARAMETER);
    assert_int_equal(tags.count, 2);
    assert_false(tags_decode("[]", &decoded, &err));
    assert_int_equal(err.code, ERR_CORRUPT);
    assert_false(tags_decode("{\"a\":1}", &decoded, &err));
    assert_false(tags_decode("nonsense", &decoded, &err));
    buf_done(&buf);
    tags_done(&tags);
}

static void test_fifty_tags(void **state) {
    (void)state;
    struct tags tags = {0};
    struct err err;
    char json[64];
    for (int i = 0; i < 50; i++) {
        snprintf(json, sizeof json, "{\"k%d\":\"v\"}", i);
        assert_true(add_tags(&tags, json, &err));
    }
    assert_true(add_tags(&tags, "{\"k7\":\"other\"}", &err));
    assert_false(add_tags(&tags, "{\"k50\":\"v\"}", &err));
    assert_int_equal(err.code, ERR_PARAMETER);
    assert_string_equal(err.text, "Number of tags exceeds resource tag limit.");
    assert_int_equal(tags.count, 50);
    tags_done(&tags);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_copies_and_references),
        cmocka_unit_test(test_setting_from_itself),
        cmocka_unit_test(test_copies_share_their_parts),
        cmocka_unit_test(test_code_sha256),
        cmocka_unit_test(test_stored_form_is_complete),
        cmocka_unit_test(test_stored_form_of_the_least),
        cmocka_unit_test(test_decoding_shares_with_a_sibling),
        cmocka_unit_test(test_empty_environment_is_kept),
        cmocka_unit_test(test_repetition),
        cmocka_unit_test(test_repetition_with_an_own_description),
        cmocka_unit_test(test_own_description_beside_an_empty_one),
        cmocka_unit_test(test_corrupt_documents),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_environment_size),
        cmocka_unit_test(test_many_variables),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_fifty_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
