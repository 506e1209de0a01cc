/* The table of environment states: every pair of state and event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "invoke/environment_state.h"

struct pair {
    enum environment_state from;
    enum environment_event event;
    enum environment_state to;
};

/* All that is allowed; every other pair must be refused. */
static const struct pair allowed[] = {
    {ENVIRONMENT_STARTING, ENVIRONMENT_ON_STARTED, ENVIRONMENT_INITIALIZING},
    {ENVIRONMENT_INITIALIZING, ENVIRONMENT_ON_NEXT, ENVIRONMENT_IDLE},
    {ENVIRONMENT_INITIALIZING, ENVIRONMENT_ON_INIT_ERROR, ENVIRONMENT_INIT_FAILED},
    {ENVIRONMENT_IDLE, ENVIRONMENT_ON_NEXT, ENVIRONMENT_IDLE},
    {ENVIRONMENT_IDLE, ENVIRONMENT_ON_DELIVER, ENVIRONMENT_RUNNING},
    {ENVIRONMENT_RUNNING, ENVIRONMENT_ON_NEXT, ENVIRONMENT_RUNNING},
    {ENVIRONMENT_RUNNING, ENVIRONMENT_ON_RESPONSE, ENVIRONMENT_RESPONDED},
    {ENVIRONMENT_RUNNING, ENVIRONMENT_ON_ERROR, ENVIRONMENT_RESPONDED},
    {ENVIRONMENT_RESPONDED, ENVIRONMENT_ON_NEXT, ENVIRONMENT_IDLE},
};

static const struct pair *find_allowed(enum environment_state from, enum environment_event event) {
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        if (allowed[i].from == from && allowed[i].event == event)
            return &allowed[i];
    return NULL;
}

static void every_pair_is_as_the_table_says(void **state) {
    (void)state;
    for (int from = 0; from < ENVIRONMENT_STATES; from++) {
        for (int event = 0; event < ENVIRONMENT_EVENTS; event++) {
            enum environment_state to = ENVIRONMENT_STATES;
            bool is_allowed = environment_state_after(from, event, &to);
            const struct pair *pair = find_allowed(from, event);
            if (event == ENVIRONMENT_ON_KILL) {
                assert_true(is_allowed);
                assert_int_equal(to, ENVIRONMENT_ENDING);
            } else if (pair) {
                assert_true(is_allowed);
                assert_int_equal(to, pair->to);
            } else {
                assert_false(is_allowed);
                assert_int_equal(to, ENVIRONMENT_STATES);
            }
        }
    }
}

static void states_have_the_names_of_the_runtime_api(void **state) {
    (void)state;
    assert_string_equal(environment_state_name(ENVIRONMENT_IDLE), "Ready");
    assert_string_equal(environment_state_name(ENVIRONMENT_RUNNING), "Running");
    assert_string_equal(environment_event_target(ENVIRONMENT_ON_RESPONSE), "InvocationResponse");
    for (int i = 0; i < ENVIRONMENT_STATES; i++)
        assert_non_null(environment_state_name(i));
    for (int i = 0; i < ENVIRONMENT_EVENTS; i++)
        assert_non_null(environment_event_target(i));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_is_as_the_table_says),
        cmocka_unit_test(states_have_the_names_of_the_runtime_api),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
