/* A sandbox host that only takes notes: the tests play the sandboxes and what runs in them. Ids count from
 * 1. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/control.h"
#include "sandbox/host.h"

#define MAX_SANDBOXES 16

extern uint64_t started_count;
extern bool is_killed[MAX_SANDBOXES + 1];
extern bool is_frozen[MAX_SANDBOXES + 1];
extern bool is_fitted[MAX_SANDBOXES + 1];
extern int clears[MAX_SANDBOXES + 1];           /* control_clear() */
extern int runs[MAX_SANDBOXES + 1];             /* control_run() */
extern int signals[MAX_SANDBOXES + 1];          /* the last of control_signal() */
extern int sockets[MAX_SANDBOXES + 1];          /* control_make_socket(); none is ever made */
extern uint32_t cpus_millis[MAX_SANDBOXES + 1]; /* the last of sandbox_limit_cpu(); 0 before */
extern bool is_full;                            /* control_run() fails */
extern int last_output[MAX_SANDBOXES + 1];      /* of the program run last */
extern uint32_t last_run[MAX_SANDBOXES + 1];    /* its number */

/* What the last sandbox or program was asked for with. */
struct launched {
    char program[64];
    char variables[8192]; /* each ended by a newline */
    size_t mount_count;
    char targets[2][16];
};
extern struct launched launched;

void fake_reset(void);

/* The descriptor for sandbox_fds.control of this sandbox. */
int fake_control(uint64_t id);

/* What lamb-init tells. Everything that runs ends by itself once it is cleared, in a later turn of the
 * loop. */
void exit_program(uint64_t id, uint32_t number, struct program_end end);
