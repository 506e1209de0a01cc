/* lamb: picks the command. */
#include <stdio.h>
#include <string.h>

#include "api/compatibility.h"
#include "cli/command.h"
#include "daemon/serve.h"

static const struct {
    const char *name;
    int (*run)(const char *const args[]);
    const char *help;
} commands[] = {
    {"compatibility", compatibility_print, "print which operations and settings Lamb has, as markdown"},
    {"env", command_env, "print shell exports for clients of a running daemon"},
    {"logs", command_logs, "print the log of a function, or of a log group with --group; -f follows it"},
    {"queue", command_queue,
     "show the queues of a running daemon, or `queue redrive NAME` a dead letter queue"},
    {"serve", command_serve, "run the daemon; --help lists its settings"},
    {"version", command_version, "print the version"},
};

static void print_usage(FILE *out) {
    fprintf(out, "usage: lamb COMMAND [ARGUMENT]...\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        fprintf(out, "  %-13s %s\n", commands[i].name, commands[i].help);
}

int main(int argc, char *argv[]) {
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_usage(argc < 2 ? stderr : stdout);
        return argc < 2 ? 2 : 0;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run((const char *const *)(argv + 2));
    fprintf(stderr, "lamb: there is no command \"%s\"\n\n", argv[1]);
    print_usage(stderr);
    return 2;
}
