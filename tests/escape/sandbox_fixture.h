/* For tests that start real sandboxes: a loop, a spawner, a code directory that holds the probe program, and
 * a way to run it to its end. The programs' paths come from the environment: LAMB_SPAWNER and LAMB_PROBE. */
#pragma once

#include "sandbox/control.h"
#include "sandbox/host.h"
#include "sys/loop.h"

/* No probe takes longer; the slowest burns two seconds. */
#define FIXTURE_TIMEOUT_MS 20000

struct fixture {
    struct loop *loop;
    struct sandbox_host *host;
    struct loop_timer *timer;
    int spawner_pid;
    bool has_memory_limit;
    bool is_lost;
    bool is_late;
    char dir[64]; /* of this test run; holds "code" and "secret" */
    int code_fd;  /* of every mount of a plan */
    char report[8192];
    struct outcome *outcomes[64]; /* by id, modulo */
};

#define FIXTURE_PROGRAMS 8

/* What became of one sandbox, which is killed when its first program has ended. */
struct outcome {
    bool outlives_program; /* or it is not: for the test to set after fixture_begin() */
    uint64_t id;
    bool has_started;
    bool has_failed;
    bool has_ended;
    bool has_freezer;
    struct err failure;
    struct sandbox_end end;
    bool has_exited[FIXTURE_PROGRAMS]; /* by the program's number */
    struct program_end programs[FIXTURE_PROGRAMS];
    struct control *control; /* NULL before it has started and after it has ended */
    int clears;
    int socket; /* what was made at last; -1 */
    int sockets;
    int fits;
    struct err unfit;   /* its code is ERR_NONE while it could be fitted */
    char output[16384]; /* "" or lines */
    size_t output_len;
    struct sandbox_fds fds; /* output is -1 once it has ended */
    struct fixture *fixture;
    struct loop_watch *watch;
};

/* The machine that the program "foreign" is built for, which is not this one. */
#ifdef __aarch64__
#define FIXTURE_FOREIGN "x86_64"
#define FIXTURE_FOREIGN_NUMBER EM_X86_64
#else
#define FIXTURE_FOREIGN "aarch64"
#define FIXTURE_FOREIGN_NUMBER EM_AARCH64
#endif

/* Makes the directory and its files. False with a line on stderr. */
bool fixture_make_files(struct fixture *fixture);
void fixture_remove_files(struct fixture *fixture);

/* Starts the spawner and what belongs to it. */
bool fixture_start(struct fixture *fixture, const char *instance, uint32_t stock, struct err *err);
void fixture_stop(struct fixture *fixture);

/* A plan of modest limits: 128 MB, one processor, 16 MB of /tmp, 32 processes, 64 descriptors. argv and envp
 * are the caller's. */
struct plan fixture_plan(const char *const *argv);

/* Starts one; the outcome must outlive it. */
uint64_t fixture_begin(struct fixture *fixture, const struct plan *plan, struct outcome *outcome);
uint64_t fixture_begin_with(struct fixture *fixture, const struct plan *plan, int handover_fd,
                            struct outcome *outcome);

/* Turns the loop until `done` is true of the outcome, or it is late. */
bool fixture_wait(struct fixture *fixture, struct outcome *outcome,
                  bool (*done)(const struct outcome *outcome));
bool outcome_is_over(const struct outcome *outcome);    /* failed, or ended with all output read */
bool outcome_has_output(const struct outcome *outcome); /* or is over */

/* begin, then wait until it is over. */
void fixture_run(struct fixture *fixture, const struct plan *plan, struct outcome *outcome);

/* Closes what the outcome of a sandbox holds that was lost rather than ended. */
void fixture_let_go(struct outcome *outcome);

/* The processes that `parent` has started and not yet reaped; at most `size`. */
size_t fixture_list_children(int parent, int *ret_pids, size_t size);

/* Descriptors this process has open. */
int fixture_count_descriptors(void);

/* True when a control group of that name is left anywhere, or one of its processes. */
bool fixture_has_groups(const char *instance);
