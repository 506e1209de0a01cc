/* api/operation and Lambda's table: the rows are sorted, and a request finds the one row that is meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/lambda/operations.h"
#include "base/mem.h"

static struct operation_tree *tree;

static struct http_text text_of(const char *text) {
    return (struct http_text){text, strlen(text)};
}

static bool find(const char *method, const char *path, const char *query, struct operation_match *ret_match) {
    struct http_request request = {.method = text_of(method), .path = text_of(path), .query = text_of(query)};
    return operation_find(tree, &request, ret_match);
}

static void assert_finds(const char *method, const char *path, const char *query, const char *name) {
    struct operation_match match;
    if (!find(method, path, query, &match))
        fail_msg("%s %s finds nothing", method, path);
    assert_string_equal(match.operation->name, name);
}

static void assert_label(struct http_text label, const char *expected) {
    assert_int_equal(label.len, strlen(expected));
    assert_memory_equal(label.data, expected, label.len);
}

static void rows_are_sorted_and_whole(void **state) {
    (void)state;
    assert_int_equal(lambda_operation_count, 85);
    for (size_t i = 0; i < lambda_operation_count; i++) {
        const struct api_operation *row = &lambda_operations[i];
        assert_true(row->name && row->method && row->path && row->path[0] == '/');
        assert_true(row->status >= 200 && row->status < 300);
        assert_false(row->is_open);
        if (i > 0)
            assert_true(strcmp(lambda_operations[i - 1].name, row->name) < 0);
    }
}

/* Each label is filled with a text of its own; each row must come back with its labels. */
static void every_row_is_found(void **state) {
    (void)state;
    for (size_t i = 0; i < lambda_operation_count; i++) {
        const struct api_operation *row = &lambda_operations[i];
        char path[256];
        size_t len = 0;
        int labels = 0;
        for (const char *at = row->path; *at;) {
            if (*at != '{') {
                path[len++] = *at++;
                continue;
            }
            len += (size_t)snprintf(path + len, sizeof path - len, "label-%d", labels++);
            at = strchr(at, '}') + 1;
        }
        path[len] = '\0';
        struct operation_match match;
        if (!find(row->method, path, row->query ? row->query : "", &match))
            fail_msg("%s is not found", row->name);
        assert_ptr_equal(match.operation, row);
        for (int label = 0; label < labels; label++) {
            char expected[32];
            snprintf(expected, sizeof expected, "label-%d", label);
            assert_label(match.labels[label], expected);
        }
    }
}

static void labels_stay_encoded(void **state) {
    (void)state;
    struct operation_match match;
    assert_true(find("GET", "/2015-03-31/functions/arn%3Aaws%3Alambda%2Ff/configuration", "", &match));
    assert_label(match.labels[0], "arn%3Aaws%3Alambda%2Ff");
    assert_true(find("DELETE", "/2018-10-31/layers/l/versions/7/policy/sid", "", &match));
    assert_string_equal(match.operation->name, "RemoveLayerVersionPermission");
    assert_label(match.labels[0], "l");
    assert_label(match.labels[1], "7");
    assert_label(match.labels[2], "sid");
}

static void query_tells_apart(void **state) {
    (void)state;
    const char *layers = "/2018-10-31/layers";
    assert_finds("GET", layers, "", "ListLayers");
    assert_finds("GET", layers, "find=LayerVersion&Arn=x", "GetLayerVersionByArn");
    assert_finds("GET", layers, "Arn=x&find=LayerVersion", "GetLayerVersionByArn");
    assert_finds("GET", layers, "find=other", "ListLayers");
    assert_finds("GET", layers, "find=%zz", "ListLayers");
    const char *provisioned = "/2019-09-30/functions/f/provisioned-concurrency";
    assert_finds("GET", provisioned, "List=ALL&MaxItems=1", "ListProvisionedConcurrencyConfigs");
    assert_finds("GET", provisioned, "Qualifier=1", "GetProvisionedConcurrencyConfig");
    assert_finds("PUT", provisioned, "List=ALL", "PutProvisionedConcurrencyConfig");
}

static void literal_goes_before_label(void **state) {
    (void)state;
    assert_finds("GET", "/2019-09-25/functions/f/event-invoke-config/list", "",
                 "ListFunctionEventInvokeConfigs");
    assert_finds("PUT", "/2019-09-25/functions/f/event-invoke-config", "", "PutFunctionEventInvokeConfig");
    assert_finds("POST", "/2019-09-25/functions/f/event-invoke-config", "",
                 "UpdateFunctionEventInvokeConfig");
}

static void slash_at_the_end_is_ignored(void **state) {
    (void)state;
    assert_finds("GET", "/2015-03-31/functions/", "", "ListFunctions");
    assert_finds("POST", "/2014-11-13/functions/f/invoke-async/", "", "InvokeAsync");
}

static void nothing_is_found(void **state) {
    (void)state;
    static const char *const paths[] = {
        "/",
        "",
        "//",
        "*",
        "/2015-03-31",
        "/2015-03-31/nothing",
        "/2015-03-31/functions//configuration",
        "/2015-03-31/functions/f/nothing",
        "/2015-03-31/functions/f/configuration/more",
        "/2015-03-31/function",
        "/2015-03-31/functionss",
        "/2015-03-3/functions",
        "/2018-10-31/layers/l/versions/7/policy/sid/more",
    };
    struct operation_match match;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (find("GET", paths[i], "", &match))
            fail_msg("%s finds %s", paths[i], match.operation->name);
    assert_false(find("PATCH", "/2015-03-31/functions", "", &match));
    assert_false(find("get", "/2015-03-31/functions", "", &match));
}

static int make_tree(void **state) {
    (void)state;
    tree = operation_tree_new(lambda_operations, lambda_operation_count);
    return 0;
}

static int free_tree(void **state) {
    (void)state;
    operation_tree_free(tree);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_sorted_and_whole), cmocka_unit_test(every_row_is_found),
        cmocka_unit_test(labels_stay_encoded),       cmocka_unit_test(query_tells_apart),
        cmocka_unit_test(literal_goes_before_label), cmocka_unit_test(slash_at_the_end_is_ignored),
        cmocka_unit_test(nothing_is_found),
    };
    return cmocka_run_group_tests(tests, make_tree, free_tree);
}
