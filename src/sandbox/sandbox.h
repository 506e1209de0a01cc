/* One sandbox as lamb-spawner sees it, from the clone to the last control group:
 *
 *   PARKING --INSIDE_PARKED--> PARKED --claim--> RUNNING --lamb-init ended--> ENDING --groups removed--> gone
 *
 * One that is not wanted any more goes from PARKED to DISCARDED; from every state the end of lamb-init leads
 * to ENDING. The spawner owns the table of sandboxes and the event loop; this file knows how to do each
 * step. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/list.h"
#include "sandbox/claim.h"
#include "sandbox/end.h"
#include "sandbox/inside.h"
#include "sandbox/machine.h"

enum sandbox_state { SANDBOX_PARKING, SANDBOX_PARKED, SANDBOX_RUNNING, SANDBOX_DISCARDED, SANDBOX_ENDING };
#define SANDBOX_STATES (SANDBOX_ENDING + 1)

struct sandbox {
    struct list link; /* among those of its state */
    enum sandbox_state state;
    uint32_t slot;
    int seat;    /* see seats.h; -1: none, or it has left it */
    uint64_t id; /* lamb serve's, once it is claimed */
    pid_t pid;
    int process_fd;      /* a pidfd: readable when the process has ended */
    int socket;          /* to lamb-init */
    int fds[INSIDE_FDS]; /* from PARKED on, until they are handed over or of no more use */
    uint32_t tmp_mb;
    struct err *failure;    /* why it could not be made; NULL as long as nothing failed */
    struct sandbox_end end; /* what is known of its end so far */
    int64_t ended_ms;
};

/* What runs in the cloned process. */
struct sandbox_entry {
    void (*run)(const struct inside_seed *seed);
    char *command_line;
    size_t command_line_bytes;
};

/* Clones the process, which goes on to prepare itself: PARKING. */
bool sandbox_clone(struct machine *machine, const struct sandbox_entry *entry, uint32_t slot,
                   struct sandbox **ret_sandbox, struct err *err);

/* Takes what lamb-init has sent, all of it; it never blocks. The state may become PARKED. */
void sandbox_take_messages(struct machine *machine, struct sandbox *sandbox);

/* Gives a PARKED one its directories, limits and plan: RUNNING. On failure it is good for nothing but to be
 * discarded. */
bool sandbox_claim(const struct machine *machine, struct sandbox *sandbox, const struct claim *claim,
                   struct err *err);

/* Gives a RUNNING one that was claimed without directories those of another plan, with its limits. On failure
 * it may have some of it, and is to be killed. */
bool sandbox_refit(const struct machine *machine, struct sandbox *sandbox, const struct claim *fit,
                   struct err *err);

/* Closes what lamb serve has now. */
void sandbox_close_given(struct sandbox *sandbox);

/* Kills everything in it: lamb-init is the first process of its pid namespace, with which the others end. */
void sandbox_kill_all(const struct machine *machine, const struct sandbox *sandbox);

/* Kills one that lamb serve knows nothing of: DISCARDED. */
void sandbox_discard(const struct machine *machine, struct sandbox *sandbox);

/* After its process has ended: takes its last words and reaps it. ENDING. */
void sandbox_reap(struct machine *machine, struct sandbox *sandbox, int64_t now_ms);

/* Removes its control groups. False while the kernel is still busy with them: try again in a few
 * milliseconds. */
bool sandbox_remove_groups(const struct machine *machine, const struct sandbox *sandbox, int64_t now_ms);

/* Closes what is left; the process must have been reaped. */
void sandbox_free(struct sandbox *sandbox);
