/* Settings: where values come from, which one wins, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "daemon/config.h"

static struct config config;
static struct err err;

static int setup(void **state) {
    (void)state;
    unsetenv("LAMB_REGION");
    unsetenv("LAMB_CONCURRENCY");
    setenv("LAMB_DATA_DIR", "/nowhere", 1);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    config_done(&config);
    return 0;
}

static bool load(const char *a, const char *b) {
    const char *const args[] = {a, b, NULL};
    return config_load(&config, args, &err);
}

static void defaults_are_as_documented(void **state) {
    (void)state;
    assert_true(load(NULL, NULL));
    assert_string_equal(config.listen, "127.0.0.1:4566");
    assert_string_equal(config.region, "us-east-1");
    assert_string_equal(config.account_id, "000000000000");
    assert_string_equal(config.auth, "sigv4");
    assert_int_equal(config.concurrency, 1000);
    assert_string_equal(config.data_dir, "/nowhere");
}

static void accounts_are_twelve_digits_each(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "1", "111111111111,", ",111111111111", "111111111111;222222222222", "1111111111111", "11111111111a"};
    assert_true(load("--accounts", "111111111111,222222222222"));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        config_done(&config);
        assert_false(load("--accounts", wrong[i]));
        assert_non_null(strstr(err.text, "setting accounts"));
    }
}

static void arguments_win_over_environment(void **state) {
    (void)state;
    setenv("LAMB_REGION", "eu-west-1", 1);
    assert_true(load(NULL, NULL));
    assert_string_equal(config.region, "eu-west-1");
    config_done(&config);
    assert_true(load("--region=eu-north-1", NULL));
    assert_string_equal(config.region, "eu-north-1");
    config_done(&config);
    assert_true(load("--region", "eu-central-1"));
    assert_string_equal(config.region, "eu-central-1");
}

static void environment_wins_over_the_file(void **state) {
    (void)state;
    char path[] = "/tmp/lamb-test-config-XXXXXX";
    int fd = mkstemp(path);
    const char text[] = "# a comment\n\n  region = eu-south-1 \nconcurrency=7\n";
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    setenv("LAMB_CONCURRENCY", "8", 1);
    bool loaded = load("--config", path);
    unlink(path);
    assert_true(loaded);
    assert_string_equal(config.region, "eu-south-1");
    assert_int_equal(config.concurrency, 8);
}

static void a_bad_line_is_named(void **state) {
    (void)state;
    char path[] = "/tmp/lamb-test-config-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "region = eu-south-1\nnonsense\n", 29), 29);
    close(fd);
    bool loaded = load("--config", path);
    unlink(path);
    assert_false(loaded);
    assert_non_null(strstr(err.text, ":2: \"nonsense\""));
}

static void bad_values_say_what_is_allowed(void **state) {
    (void)state;
    const struct {
        const char *arg;
        const char *words;
    } cases[] = {
        {"--concurrency=0", "must be a number from 1 to 100000"},
        {"--concurrency=12x", "\"12x\""},
        {"--concurrency=99999999999999999999", "must be a number"},
        {"--auth=maybe", "must be one of sigv4|off"},
        {"--auth=sig", "must be one of sigv4|off"},
        {"--account-id=12", "twelve digits"},
        {"--region=US East", "must look like us-east-1"},
        {"--s3-endpoint=ftp://x", "must begin with http:// or https://"},
        {"--no-such=1", "there is no setting --no-such=1"},
        {"--listen", "needs a value"},
        {"stray", "unexpected argument"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_false(load(cases[i].arg, NULL));
        assert_non_null(strstr(err.text, cases[i].words));
        config_done(&config);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults_are_as_documented, setup, teardown),
        cmocka_unit_test_setup_teardown(accounts_are_twelve_digits_each, setup, teardown),
        cmocka_unit_test_setup_teardown(arguments_win_over_environment, setup, teardown),
        cmocka_unit_test_setup_teardown(environment_wins_over_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(a_bad_line_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_values_say_what_is_allowed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
