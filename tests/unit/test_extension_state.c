/* The table of extension states: every pair of state and event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "invoke/extension_state.h"

struct pair {
    enum extension_state from;
    enum extension_event event;
    enum extension_state to;
};

/* All that is allowed; every other pair must be refused. */
static const struct pair allowed[] = {
    {EXTENSION_STARTED, EXTENSION_ON_REGISTER, EXTENSION_REGISTERED},
    {EXTENSION_STARTED, EXTENSION_ON_LAUNCH_ERROR, EXTENSION_LAUNCH_ERROR},
    {EXTENSION_REGISTERED, EXTENSION_ON_NEXT, EXTENSION_READY},
    {EXTENSION_REGISTERED, EXTENSION_ON_INIT_ERROR, EXTENSION_INIT_ERROR},
    {EXTENSION_REGISTERED, EXTENSION_ON_EXIT_ERROR, EXTENSION_EXIT_ERROR},
    {EXTENSION_READY, EXTENSION_ON_DELIVER, EXTENSION_RUNNING},
    {EXTENSION_READY, EXTENSION_ON_LEAVE, EXTENSION_RUNNING},
    {EXTENSION_READY, EXTENSION_ON_EXIT_ERROR, EXTENSION_EXIT_ERROR},
    {EXTENSION_RUNNING, EXTENSION_ON_NEXT, EXTENSION_READY},
    {EXTENSION_RUNNING, EXTENSION_ON_EXIT_ERROR, EXTENSION_EXIT_ERROR},
    {EXTENSION_INIT_ERROR, EXTENSION_ON_INIT_ERROR, EXTENSION_INIT_ERROR},
    {EXTENSION_EXIT_ERROR, EXTENSION_ON_EXIT_ERROR, EXTENSION_EXIT_ERROR},
};

static const struct pair *find_allowed(enum extension_state from, enum extension_event event) {
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        if (allowed[i].from == from && allowed[i].event == event)
            return &allowed[i];
    return NULL;
}

static void every_pair_is_as_the_table_says(void **state) {
    (void)state;
    for (int from = 0; from < EXTENSION_STATES; from++) {
        for (int event = 0; event < EXTENSION_EVENTS; event++) {
            enum extension_state to = EXTENSION_STATES;
            const struct pair *pair = find_allowed(from, event);
            assert_int_equal(extension_state_after(from, event, &to), pair != NULL);
            assert_int_equal(to, pair ? pair->to : EXTENSION_STATES);
        }
    }
}

static void states_have_the_names_of_the_service(void **state) {
    (void)state;
    static const char *const names[EXTENSION_STATES] = {"Started",   "Registered", "Ready",      "Running",
                                                        "InitError", "ExitError",  "LaunchError"};
    static const char *const targets[EXTENSION_EVENTS] = {"Registered", "Ready",  "Running",    "Running",
                                                          "InitError",  "Exited", "LaunchError"};
    for (int i = 0; i < EXTENSION_STATES; i++)
        assert_string_equal(extension_state_name(i), names[i]);
    for (int i = 0; i < EXTENSION_EVENTS; i++)
        assert_string_equal(extension_event_target(i), targets[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_is_as_the_table_says),
        cmocka_unit_test(states_have_the_names_of_the_service),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
