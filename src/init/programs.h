/* The programs of a sandbox as lamb-init knows them: which number of lamb serve's is which process. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/limits.h"
#include "init/execute.h"

struct programs {
    struct {
        pid_t pid; /* 0: this place is free */
        uint32_t number;
    } places[LIMIT_SANDBOX_PROGRAMS];
    struct execute_note *notes; /* of each place */
};

bool programs_init(struct programs *programs, struct err *err);

/* A free place, whose note is blank; -1: there is none. */
int programs_find_free(const struct programs *programs);

void programs_add(struct programs *programs, int place, uint32_t number, pid_t pid);

/* What has ended. */
struct programs_end {
    pid_t pid;
    bool is_program; /* rather than a process that a program has left behind: nothing of the below then */
    uint32_t number;
    int wait_status;
    struct execute_note note;
};

/* Reaps one process, whoever's, without waiting. False when none has ended; pid is 0 then, or -1 when there
 * is no process left at all. */
bool programs_reap(struct programs *programs, struct programs_end *ret_end);

/* 0 when it has ended. */
pid_t programs_find(const struct programs *programs, uint32_t number);
