/* The commands of `lamb`: one file each, one row each in daemon/main.c. */
#pragma once

/* `args` are the arguments after the command's name, NULL-terminated. Each returns the exit status. */
int command_env(const char *const args[]);
int command_logs(const char *const args[]);
int command_queue(const char *const args[]);
int command_version(const char *const args[]);
