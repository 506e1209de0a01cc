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
#include "model/tags.h"

static struct function *make_example(void) {
    static char names[2][4] = {"ABC", "XYZ"};
    static char values[2][16] = {"a \"quoted\" \n\x01", "\xc3\xa9\xf0\x9f\x98\x80"};
    const struct function_variable variables[] = {{names[0], values[0]}, {names[1], values[1]}};
    struct function *function = function_new();
    snprintf(function->account, sizeof function->account, "000000000000");
    snprintf(function->name, sizeof function->name, "example");
    snprintf(function->version, sizeof function->version, "$LATEST");
    snprintf(function->runtime, sizeof function->runtime, "python3.12");
    snprintf(function->code_sha256, sizeof function->code_sha256,
             "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    snprintf(function->revision_id, sizeof function->revision_id, "0bd55a3c-3c2a-4a3a-8b1c-0c3c1a2b3c4d");
    memset(function->code_digest, 'e', 64);
    function_set_text(&function->description, "does things");
    function_set_text(&function->handler, "app.handler");
    function_set_text(&function->role, "arn:aws:iam::000000000000:role/r");
    function->has_environment = true;
    function_set_variables(function, variables, 2);
    function->memory_mb = 10240;
    function->timeout_s = 900;
    function->tmp_mb = 1024;
    function->code_size_bytes = 52428800;
    function->state = FUNCTION_ACTIVE;
    function->update = FUNCTION_UPDATE_IN_PROGRESS;
    function->update_reason = FUNCTION_REASON_CREATING;
    function->update_reason_code = FUNCTION_REASON_CODE_CREATING;
    function->last_modified_us = 1764037610123456;
    function->epoch = 7;
    return function;
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
    assert_string_equal(function->description, "does things");
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

static void test_stored_form_is_complete(void **state) {
    (void)state;
    struct function *function = make_example();
    char *text = encode(function);
    struct function *decoded;
    struct err err;
    if (!function_decode(text, strlen(text), &decoded, &err))
        fail_msg("%s", err.text);
    char *again = encode(decoded);
    assert_string_equal(text, again);
    assert_string_equal(decoded->variables[0].value, "a \"quoted\" \n\x01");
    assert_string_equal(decoded->variables[1].value, "\xc3\xa9\xf0\x9f\x98\x80");
    assert_int_equal(decoded->last_modified_us, 1764037610123456);
    assert_int_equal(decoded->code_size_bytes, 52428800);
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

static void test_empty_environment_is_kept(void **state) {
    (void)state;
    struct function *function = make_example();
    function_set_variables(function, NULL, 0);
    char *text = encode(function);
    struct function *decoded;
    assert_true(function_decode(text, strlen(text), &decoded, NULL));
    assert_true(decoded->has_environment);
    assert_int_equal(decoded->variable_count, 0);
    function_unref(decoded);
    free(text);
    function->has_environment = false;
    text = encode(function);
    assert_true(function_decode(text, strlen(text), &decoded, NULL));
    assert_false(decoded->has_environment);
    function_unref(decoded);
    free(text);
    function_unref(function);
}

/* Replaces the first `from` of the stored form and expects a refusal that names `member`. */
static void expect_corrupt(const char *from, const char *to, const char *member) {
    struct function *function = make_example();
    char *text = encode(function);
    function_unref(function);
    char *place = strstr(text, from);
    assert_non_null(place);
    char *changed = mem_format("%.*s%s%s", (int)(place - text), text, to, place + strlen(from));
    struct err err;
    struct function *decoded;
    assert_false(function_decode(changed, strlen(changed), &decoded, &err));
    assert_int_equal(err.code, ERR_CORRUPT);
    if (!strstr(err.text, member))
        fail_msg("\"%s\" does not name %s", err.text, member);
    free(changed);
    free(text);
}

static void test_corrupt_documents(void **state) {
    (void)state;
    expect_corrupt("\"account\":\"000000000000\"", "\"account\":\"0000000000000\"", "account");
    expect_corrupt("\"account\":", "\"Account\":", "account");
    expect_corrupt("\"name\":\"example\"", "\"name\":7", "name");
    expect_corrupt("\"handler\":\"app.handler\"", "\"handler\":null", "handler");
    expect_corrupt("\"memory_mb\":10240", "\"memory_mb\":-1", "memory_mb");
    expect_corrupt("\"memory_mb\":10240", "\"memory_mb\":4294967296", "memory_mb");
    expect_corrupt("\"timeout_s\":900", "\"timeout_s\":1.5", "timeout_s");
    expect_corrupt("\"code_size_bytes\":52428800", "\"code_size_bytes\":\"x\"", "code_size_bytes");
    expect_corrupt("\"state\":\"Active\"", "\"state\":\"Broken\"", "state");
    expect_corrupt("\"update\":\"InProgress\"", "\"update\":0", "update");
    expect_corrupt("\"The function is being created.\"", "\"Something else.\"", "update_reason");
    expect_corrupt("\"environment\":{", "\"environment\":[{", "can't be read");
    expect_corrupt("\"XYZ\":", "\"XYZ\":1,\"Z\":", "environment");
    expect_corrupt("{\"account\"", "{\"account", "can't be read");
    struct err err;
    struct function *decoded;
    assert_false(function_decode("", 0, &decoded, &err));
    assert_int_equal(err.code, ERR_CORRUPT);
    assert_false(function_decode("[]", 2, &decoded, &err));
    assert_int_equal(err.code, ERR_CORRUPT);
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
        cmocka_unit_test(test_stored_form_is_complete),
        cmocka_unit_test(test_empty_environment_is_kept),
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
