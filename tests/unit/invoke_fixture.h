/* Pool, environments and Runtime API over a sandbox host that only takes notes: the tests play the sandboxes
 * and the runtimes in them, on loopback sockets and the real loop. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "invoke/invoke.h"
#include "sandbox_fake.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define WAIT_US 5000000

struct caller {
    bool is_done;
    enum invoke_outcome outcome;
    char payload[4096];
    char tail[LIMIT_LOG_TAIL_BYTES + 1];
    char reason[64];
    uint32_t retry_after_s;
    int begun; /* a streamed response, as it comes */
    char content_type[64];
    char stream[4096]; /* the beginning of it */
    size_t stream_bytes;
    int pieces;
    int stops_at_piece; /* pauses with that one */
    char error_type[128];
    struct invocation *invocation;
    char request_id[IDENT_UUID_BYTES];
};

struct runtime {
    int sock;
    int output;
};

extern struct clock test_clock; /* the machine's, and so much ahead of it */
extern int64_t clock_ahead_us;
extern bool is_clock_stopped; /* test_clock moves with clock_ahead_us alone; for tests that move the timers */
extern struct loop *loop;
extern struct invoke *invoke;
extern struct runtime_set runtimes;
extern struct function *function;
extern char dir[64], code_dir[96], log_dir[96];
extern struct caller callers[8];

/* The modules above: what they were asked for, and what they answer. */
struct upper {
    bool has_credentials;
    bool is_busy; /* a call to the API is being served */
    int64_t lifetime_ms;
    int opened;
    int closed;
};
extern struct upper upper;
extern uint32_t scaling_rate; /* what make_invoke() limits starts to */
extern struct stream_limits stream_limits;
extern const char *called_qualifier; /* what call() goes through */
void set_upper(void);

struct invoke_figures figures(void);
size_t count_environments(void);
size_t count_idle(void);
void make_invoke(uint32_t concurrency);
int setup(void **state);
int teardown(void **state);
void update_function(void);
void add_file(const char *digest, const char *name, unsigned mode);
struct caller *call_with(int index, const char *payload, bool wants_tail);
struct caller *call_for(int index, const char *payload, bool wants_tail, bool takes_stream);
struct caller *call(int index);
struct runtime start_sandbox(uint64_t id);

/* Another client of the same listener. */
struct runtime connect_to(uint64_t id, int output);
void end_sandbox(uint64_t id, struct sandbox_end end);
void stop_runtime(struct runtime *runtime);
void ask_next(const struct runtime *runtime);
void post(const struct runtime *runtime, const char *path, const char *body);
void respond(const struct runtime *runtime, const struct caller *caller, const char *body);
bool is_readable(const struct runtime *runtime);
const char *read_answer(const struct runtime *runtime);
struct runtime cold_start(uint64_t id);

/* A runtime that was started again in the sandbox. */
struct runtime again(uint64_t id);

int64_t machine_us(void);

/* Turns the loop until `condition`; fails after five seconds. */
#define turn_until(condition)                                                                                \
    do {                                                                                                     \
        int64_t began_us = machine_us();                                                                     \
        while (!(condition)) {                                                                               \
            loop_turn(loop, false);                                                                          \
            assert_true(machine_us() - began_us < WAIT_US);                                                  \
        }                                                                                                    \
    } while (0)

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
