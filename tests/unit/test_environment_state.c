/* The table of environment states: every pair of state and event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "invoke/environment_state.h"

struct pair {
    int from;
    int event;
    int to;
};

/* All that is allowed; every other pair must be refused. */
static const struct pair environment_pairs[] = {
    {ENVIRONMENT_STARTING, ENVIRONMENT_ON_STARTED, ENVIRONMENT_INITIALIZING},
    {ENVIRONMENT_INITIALIZING, ENVIRONMENT_ON_SETTLED, ENVIRONMENT_IDLE},
    {ENVIRONMENT_INITIALIZING, ENVIRONMENT_ON_FAIL, ENVIRONMENT_RESETTING},
    {ENVIRONMENT_IDLE, ENVIRONMENT_ON_DELIVER, ENVIRONMENT_RUNNING},
    {ENVIRONMENT_IDLE, ENVIRONMENT_ON_FAIL, ENVIRONMENT_RESETTING},
    {ENVIRONMENT_IDLE, ENVIRONMENT_ON_RETIRE, ENVIRONMENT_SHUTDOWN},
    {ENVIRONMENT_RUNNING, ENVIRONMENT_ON_ANSWER, ENVIRONMENT_RESPONDED},
    {ENVIRONMENT_RUNNING, ENVIRONMENT_ON_FAIL, ENVIRONMENT_RESETTING},
    {ENVIRONMENT_RESPONDED, ENVIRONMENT_ON_SETTLED, ENVIRONMENT_IDLE},
    {ENVIRONMENT_RESPONDED, ENVIRONMENT_ON_FAIL, ENVIRONMENT_RESETTING},
    {ENVIRONMENT_RESETTING, ENVIRONMENT_ON_CLEARED, ENVIRONMENT_EMPTY},
    {ENVIRONMENT_EMPTY, ENVIRONMENT_ON_RESTART, ENVIRONMENT_INITIALIZING},
};

static const struct pair runtime_pairs[] = {
    {RUNTIME_STARTED, RUNTIME_ON_NEXT, RUNTIME_READY},
    {RUNTIME_STARTED, RUNTIME_ON_INIT_ERROR, RUNTIME_INIT_ERROR},
    {RUNTIME_READY, RUNTIME_ON_NEXT, RUNTIME_READY},
    {RUNTIME_READY, RUNTIME_ON_DELIVER, RUNTIME_RUNNING},
    {RUNTIME_RUNNING, RUNTIME_ON_NEXT, RUNTIME_RUNNING},
    {RUNTIME_RUNNING, RUNTIME_ON_RESPONSE, RUNTIME_RESPONSE_SENT},
    {RUNTIME_RUNNING, RUNTIME_ON_ERROR, RUNTIME_RESPONSE_SENT},
    {RUNTIME_RUNNING, RUNTIME_ON_STREAM, RUNTIME_STREAMING},
    {RUNTIME_STREAMING, RUNTIME_ON_STREAM_END, RUNTIME_RESPONSE_SENT},
    {RUNTIME_RESPONSE_SENT, RUNTIME_ON_NEXT, RUNTIME_READY},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct pair *find(const struct pair *pairs, size_t count, int from, int event) {
    for (size_t i = 0; i < count; i++)
        if (pairs[i].from == from && pairs[i].event == event)
            return &pairs[i];
    return NULL;
}

static void every_pair_of_the_environment_is_as_the_table_says(void **state) {
    (void)state;
    for (int from = 0; from < ENVIRONMENT_STATES; from++) {
        for (int event = 0; event < ENVIRONMENT_EVENTS; event++) {
            enum environment_state to = ENVIRONMENT_STATES;
            bool is_allowed = environment_state_after(from, event, &to);
            const struct pair *pair = find(environment_pairs, COUNT(environment_pairs), from, event);
            assert_int_equal(is_allowed, pair != NULL || event == ENVIRONMENT_ON_KILL);
            if (event == ENVIRONMENT_ON_KILL)
                assert_int_equal(to, ENVIRONMENT_ENDING);
            else
                assert_int_equal(to, pair ? pair->to : ENVIRONMENT_STATES);
        }
    }
}

static void every_pair_of_the_runtime_is_as_the_table_says(void **state) {
    (void)state;
    for (int from = 0; from < RUNTIME_STATES; from++) {
        for (int event = 0; event < RUNTIME_EVENTS; event++) {
            enum runtime_state to = RUNTIME_STATES;
            bool is_allowed = runtime_state_after(from, event, &to);
            const struct pair *pair = find(runtime_pairs, COUNT(runtime_pairs), from, event);
            bool is_always = event == RUNTIME_ON_EXIT || event == RUNTIME_ON_RESET;
            assert_int_equal(is_allowed, pair != NULL || is_always);
            if (is_always)
                assert_int_equal(to, event == RUNTIME_ON_EXIT ? RUNTIME_EXITED : RUNTIME_STARTED);
            else
                assert_int_equal(to, pair ? pair->to : RUNTIME_STATES);
        }
    }
}

static void states_have_the_names_of_the_runtime_api(void **state) {
    (void)state;
    assert_string_equal(runtime_state_name(RUNTIME_READY), "Ready");
    assert_string_equal(runtime_state_name(RUNTIME_RESPONSE_SENT), "RuntimeResponseSentState");
    assert_string_equal(runtime_event_target(RUNTIME_ON_RESPONSE), "InvocationResponse");
    assert_string_equal(runtime_state_name(RUNTIME_STREAMING), "InvocationResponse");
    for (int i = 0; i < RUNTIME_STATES; i++)
        assert_non_null(runtime_state_name(i));
    for (int i = 0; i < RUNTIME_EVENTS; i++)
        assert_non_null(runtime_event_target(i));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_the_environment_is_as_the_table_says),
        cmocka_unit_test(every_pair_of_the_runtime_is_as_the_table_says),
        cmocka_unit_test(states_have_the_names_of_the_runtime_api),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
