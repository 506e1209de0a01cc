/* How the programs of an environment are started: in a new sandbox, from a parked runtime, or again in an
 * empty sandbox. External extensions come first; the runtime follows when they have registered. Called by
 * the other parts of an environment alone, which look for a fault afterwards: phases_check_fault(). What
 * can't be started for want of something of the machine's is FAULT_NO_SANDBOX. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

struct environment;

/* Asks for the sandbox, or takes a parked runtime's; see launch.h for errors. */
bool launching_begin(struct environment *environment, struct err *err);

/* The sandbox runs its first program, or is fitted to the function: the others follow. */
void launching_go_on(struct environment *environment);

/* Starts everything in an empty sandbox. */
void launching_start_programs(struct environment *environment);

/* Starts the runtime once all external extensions have registered. */
void launching_check(struct environment *environment);

/* Gives up a parked runtime that was to become the environment's. */
void launching_drop_claim(struct environment *environment);

/* Init begins, for the first time or again: events are kept for those who subscribe. */
void launching_open_telemetry(struct environment *environment);
