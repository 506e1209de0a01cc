/* Pages of lists: markers that were given lead on, others are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/lambda/page.h"
#include "base/digest.h"

static const char *const names[] = {"a", "b", "c", "d", "e"};

#define NAME_COUNT (sizeof names / sizeof names[0])
#define MOST_ITEMS 3

/* A request for the operation ListThings. */
struct request {
    struct api_call call;
    const char *marker;
    const char *max_items;
    struct constraint_texts texts[2];
};

static const struct api_operation list_things = {.name = "ListThings"};
static const struct constraint members[] = {
    {.name = "Marker", .place = CONSTRAINT_IN_QUERY, .wire = "Marker"},
    {.name = "MaxItems", .type = CONSTRAINT_INTEGER, .place = CONSTRAINT_IN_QUERY, .wire = "MaxItems"},
    {.name = NULL},
};

static void request_init(struct request *request, const char *marker, const char *max_items) {
    *request = (struct request){.marker = marker, .max_items = max_items};
    request->texts[0] = (struct constraint_texts){&request->marker, marker ? 1 : 0};
    request->texts[1] = (struct constraint_texts){&request->max_items, max_items ? 1 : 0};
    request->call.match.operation = &list_things;
    request->call.input = (struct input){.members = members, .member_count = 2, .texts = request->texts};
}

/* The body of one page of all names. */
static void list(const char *marker, const char *max_items, char *body, size_t size) {
    struct request request;
    struct page page;
    struct err err;
    request_init(&request, marker, max_items);
    assert_true(page_begin(&page, &request.call, "Things", MOST_ITEMS, 16, &err));
    size_t i = 0;
    while (i < NAME_COUNT && strcmp(names[i], page.after) <= 0)
        i++;
    for (; i < NAME_COUNT && page_take(&page, names[i]); i++)
        json_put_string(&page.writer, names[i]);
    snprintf(body, size, "%s", buf_text(page_end(&page)));
    buf_done(&page.body);
}

static void pages_follow_each_other(void **state) {
    (void)state;
    char body[256];
    list(NULL, NULL, body, sizeof body);
    assert_string_equal(body, "{\"Things\":[\"a\",\"b\",\"c\"],\"NextMarker\":\"Yw==\"}");
    list("Yw==", NULL, body, sizeof body);
    assert_string_equal(body, "{\"Things\":[\"d\",\"e\"]}");
}

static void max_items_bound_a_page(void **state) {
    (void)state;
    char body[256];
    list(NULL, "1", body, sizeof body);
    assert_string_equal(body, "{\"Things\":[\"a\"],\"NextMarker\":\"YQ==\"}");
    list(NULL, "10000", body, sizeof body);
    assert_string_equal(body, "{\"Things\":[\"a\",\"b\",\"c\"],\"NextMarker\":\"Yw==\"}");
}

static void page_that_is_just_full_is_the_last(void **state) {
    (void)state;
    char body[256];
    list("Yg==", NULL, body, sizeof body);
    assert_string_equal(body, "{\"Things\":[\"c\",\"d\",\"e\"]}");
}

static void item_that_went_away_hides_no_other(void **state) {
    (void)state;
    char body[256];
    list("Y2M=", NULL, body, sizeof body); /* "cc" */
    assert_string_equal(body, "{\"Things\":[\"d\",\"e\"]}");
}

static void longest_name_comes_back(void **state) {
    (void)state;
    char name[PAGE_PLACE_BYTES];
    char marker[2 * PAGE_PLACE_BYTES];
    struct request request;
    struct page page;
    struct err err;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    digest_base64_encode(name, strlen(name), marker);
    request_init(&request, marker, NULL);
    assert_true(page_begin(&page, &request.call, "Things", MOST_ITEMS, 16, &err));
    assert_string_equal(page.after, name);
    buf_done(&page.body);
}

static void markers_that_were_never_given(void **state) {
    (void)state;
    char longest[2 * PAGE_PLACE_BYTES];
    char name[PAGE_PLACE_BYTES];
    memset(name, 'n', sizeof name);
    digest_base64_encode(name, sizeof name, longest); /* one character too many */
    const char *const markers[] = {"nonsense!", "=", "AAAA", "YQ", longest};
    for (size_t i = 0; i < sizeof markers / sizeof markers[0]; i++) {
        struct request request;
        struct page page;
        struct err err;
        request_init(&request, markers[i], NULL);
        assert_false(page_begin(&page, &request.call, "Things", MOST_ITEMS, 16, &err));
        assert_int_equal(err.code, ERR_PARAMETER);
        assert_string_equal(err.text, "The Marker is not one that ListThings gave. Begin again without it.");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_follow_each_other),
        cmocka_unit_test(max_items_bound_a_page),
        cmocka_unit_test(page_that_is_just_full_is_the_last),
        cmocka_unit_test(item_that_went_away_hides_no_other),
        cmocka_unit_test(longest_name_comes_back),
        cmocka_unit_test(markers_that_were_never_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
