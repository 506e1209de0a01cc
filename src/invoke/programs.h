/* The programs in one environment's sandbox: the runtime and the external extensions, what they write, and
 * how they end. Belongs to its environment, which it tells through struct programs_events; knows nothing of
 * phases. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "sandbox/control.h"
#include "sandbox/program.h"
#include "sys/loop.h"

struct programs_events {
    void (*line)(void *arg, bool is_extension, const char *text, size_t len);
    void (*exited)(void *arg, bool is_runtime, uint32_t program, const struct program_end *end);
    void (*cleared)(void *arg);             /* after programs_clear(): everything they wrote was told */
    void (*made_socket)(void *arg, int fd); /* see control_make_socket() */
};

struct programs {
    struct loop *loop;
    struct control *control; /* NULL before programs_begin() */
    const struct programs_events *events;
    void *arg;
    struct list outputs; /* of programs that ran since the sandbox was empty */
    uint32_t last;       /* the number given last */
    uint32_t runtime;    /* the runtime's number, when has_runtime */
    bool has_runtime;    /* it was started, and has not ended */
};

/* An empty one is all zero but for the list; both may be called on it. */
void programs_init(struct programs *programs);
void programs_end(struct programs *programs); /* nothing is told afterwards */

/* The sandbox runs its first program, number 0. Takes both descriptors. */
void programs_begin(struct programs *programs, struct loop *loop, int control_fd, int output_fd,
                    bool is_extension, const struct programs_events *events, void *arg);

/* Starts a further one, with an output of its own. */
bool programs_run(struct programs *programs, const struct program *program, bool is_extension,
                  uint32_t *ret_number, struct err *err);

/* The number that the next one gets. */
uint32_t programs_next(const struct programs *programs);

/* None when it does not run. */
void programs_signal_runtime(struct programs *programs, int signum);

/* Ends everything in the sandbox; `cleared` follows. */
void programs_clear(struct programs *programs);

/* Tells every whole line that was written so far; with `is_end` what is left of one as well. */
void programs_drain(struct programs *programs, bool is_end);
