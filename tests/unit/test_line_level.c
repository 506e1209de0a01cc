/* The level of a line of a function that logs JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "invoke/line_level.h"

#define AT(time) "{\"time\":\"" time "\",\"level\":\"debug\"}"
#define SAYS(level) "{\"level\":\"" level "\",\"timestamp\":\"2024-11-02T16:51:31.587199Z\"}"

static void is(const char *line, enum function_log_level level) {
    if (line_level(line, strlen(line)) != level)
        fail_msg("%s", line);
}

static void levels_of_all_loggers(void **state) {
    (void)state;
    is("{\"level\": \"debug\", \"msg\": \"m\", \"timestamp\": \"2024-11-02T16:51:31.587199Z\"}",
       FUNCTION_LOG_DEBUG);
    is(SAYS("TRACE"), FUNCTION_LOG_TRACE);
    is(SAYS("Information"), FUNCTION_LOG_INFO);
    is(SAYS("WARNING"), FUNCTION_LOG_WARN);
    is(SAYS("warn"), FUNCTION_LOG_WARN);
    is(SAYS("ERROR"), FUNCTION_LOG_ERROR);
    is(SAYS("FATAL"), FUNCTION_LOG_FATAL);
    is(SAYS("CRITICAL"), FUNCTION_LOG_FATAL);
}

static void everything_else_is_info(void **state) {
    (void)state;
    is("", FUNCTION_LOG_INFO);
    is("plain text", FUNCTION_LOG_INFO);
    is(SAYS(""), FUNCTION_LOG_INFO);
    is(SAYS("NOTICE"), FUNCTION_LOG_INFO);
    is(SAYS("ERRORS"), FUNCTION_LOG_INFO);
    is("{\"level\":\"ERROR\"", FUNCTION_LOG_INFO);
    is("[\"level\",\"ERROR\"]", FUNCTION_LOG_INFO);
    is("{\"level\":\"ERROR\"}", FUNCTION_LOG_INFO);
    is("{\"level\":40,\"time\":\"2024-11-02T16:51:31Z\"}", FUNCTION_LOG_INFO);
    is("{\"time\":\"2024-11-02T16:51:31Z\"}", FUNCTION_LOG_INFO);
}

static void only_a_valid_time_counts(void **state) {
    (void)state;
    is(AT("2024-11-02T16:51:31Z"), FUNCTION_LOG_DEBUG);
    is(AT("2024-11-02t16:51:31.5+01:00"), FUNCTION_LOG_DEBUG);
    is(AT("2024-11-02T16:51:31-00:00"), FUNCTION_LOG_DEBUG);
    static const char *const invalid[] = {
        AT(""),
        AT("2024-11-02"),
        AT("2024-11-02T16:51:31"),
        AT("2024-11-02T16:51:31."),
        AT("2024-11-02T16:51:31.5"),
        AT("2024-11-02T16:51:31+0100"),
        AT("2024-11-02T16:51:31+01:00x"),
        AT("2024-11-02T16:51:31Zx"),
        AT("02.11.2024 16:51:31"),
        "{\"timestamp\":1730566291,\"level\":\"debug\"}",
    };
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++)
        is(invalid[i], FUNCTION_LOG_INFO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_of_all_loggers),
        cmocka_unit_test(everything_else_is_info),
        cmocka_unit_test(only_a_valid_time_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
