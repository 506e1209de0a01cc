/* Metrics as text, and the counting of durations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/exposition.h"
#include "base/mem.h"
#include "invoke/totals.h"

static void family_begins_with_help_and_type(void **state) {
    (void)state;
    OWN(buf) struct buf buf;
    buf_init(&buf, 4096);
    exposition_counter(&buf, "a_total", "What \"it\" counts:\nall \\ of it.", 7);
    exposition_gauge(&buf, "b", "Now.", UINT64_MAX);
    assert_string_equal(buf_text(&buf), "# HELP a_total What \"it\" counts:\\nall \\\\ of it.\n"
                                        "# TYPE a_total counter\n"
                                        "a_total 7\n"
                                        "# HELP b Now.\n"
                                        "# TYPE b gauge\n"
                                        "b 18446744073709551615\n");
}

static void values_of_labels_are_escaped(void **state) {
    (void)state;
    OWN(buf) struct buf buf;
    buf_init(&buf, 4096);
    exposition_put(&buf, "a", EXPOSITION_LABELS("x", "1\"2\\3\n4", "y", ""), 0);
    exposition_put(&buf, "a", EXPOSITION_LABELS("x", "plain, {or} not=so"), 1);
    assert_string_equal(buf_text(&buf), "a{x=\"1\\\"2\\\\3\\n4\",y=\"\"} 0\n"
                                        "a{x=\"plain, {or} not=so\"} 1\n");
}

static void times_are_seconds(void **state) {
    (void)state;
    OWN(buf) struct buf buf;
    buf_init(&buf, 4096);
    exposition_put_time(&buf, "a", NULL, 1);
    exposition_put_time(&buf, "a", NULL, 1785000000250000);
    assert_string_equal(buf_text(&buf), "a 0.000001\na 1785000000.250000\n");
}

static void histogram_adds_up(void **state) {
    (void)state;
    const int64_t bounds_us[] = {500, 2500, 1000000, 900000000};
    const uint64_t counts[] = {3, 0, 2, 0, 1};
    const struct exposition_histogram histogram = {
        .bounds_us = bounds_us, .counts = counts, .bound_count = 4, .sum_us = 901000042};
    OWN(buf) struct buf buf;
    buf_init(&buf, 4096);
    exposition_put_histogram(&buf, "h_seconds", &histogram);
    assert_string_equal(buf_text(&buf), "h_seconds_bucket{le=\"0.0005\"} 3\n"
                                        "h_seconds_bucket{le=\"0.0025\"} 3\n"
                                        "h_seconds_bucket{le=\"1\"} 5\n"
                                        "h_seconds_bucket{le=\"900\"} 5\n"
                                        "h_seconds_bucket{le=\"+Inf\"} 6\n"
                                        "h_seconds_sum 901.000042\n"
                                        "h_seconds_count 6\n");
}

static void durations_fall_into_their_step(void **state) {
    (void)state;
    for (size_t i = 0; i < TOTALS_BOUNDS; i++) {
        struct totals_durations durations = {0};
        assert_true(i == 0 || totals_bounds_us[i] > totals_bounds_us[i - 1]);
        totals_observe(&durations, totals_bounds_us[i]);
        totals_observe(&durations, totals_bounds_us[i] + 1);
        assert_int_equal(durations.counts[i], 1);
        assert_int_equal(durations.counts[i + 1], 1);
        assert_int_equal(durations.sum_us, 2 * totals_bounds_us[i] + 1);
    }
    struct totals_durations durations = {0};
    totals_observe(&durations, -5); /* of a clock that is wrong */
    totals_observe(&durations, 0);
    assert_int_equal(durations.counts[0], 2);
    assert_int_equal(durations.sum_us, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(family_begins_with_help_and_type),
        cmocka_unit_test(values_of_labels_are_escaped),
        cmocka_unit_test(times_are_seconds),
        cmocka_unit_test(histogram_adds_up),
        cmocka_unit_test(durations_fall_into_their_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
