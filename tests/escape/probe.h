/* The program that tries to get out: each probe is one attempt, named on the command line, and prints what
 * came of it in one line. test_sandbox.c starts it in sandboxes and knows what it must print. */
#pragma once

struct probe {
    const char *name;
    void (*run)(char **args); /* what follows the name, NULL-terminated */
};

/* Prints and ends the line. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "ok", or the errno's name when the result is -1. */
void say_result(long result);

extern const struct probe probes_of_calls[];
extern const struct probe probes_of_files[];
extern const struct probe probes_of_limits[];
