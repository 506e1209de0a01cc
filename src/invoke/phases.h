/* Init and Invoke of an environment: when they begin, when they are over, and how they fail. Source: Lambda
 * Developer Guide, "Understanding the Lambda execution environment lifecycle". Called by the other parts of
 * an environment and by the pool. */
#pragma once

#include <stdbool.h>

#include "invoke/call.h"

struct environment;
struct http_exchange;
struct invocation;
struct program_end;

/* Runs the invocation: hands its event to the parties, or initialises an empty environment first. The state
 * must be ENVIRONMENT_IDLE or ENVIRONMENT_EMPTY. */
void phases_deliver(struct environment *environment, struct invocation *invocation);

/* Answers a /next of the runtime with the event. */
void phases_send_event(struct environment *environment, struct http_exchange *exchange);

/* The runtime asked for the next event for the first time, or after its response. */
void phases_runtime_done(struct environment *environment);

/* Some party asked for an event: is the phase over? */
void phases_check(struct environment *environment);

/* The runtime answered the invocation. Takes the payload when the answer has to wait for its log
 * (invocation->wants_log_tail); it is the caller's otherwise. `error_type`: the platform's own finding,
 * static, or NULL. */
void phases_answer(struct environment *environment, enum invoke_outcome outcome, char *payload, size_t len,
                   const char *error_type);

/* The runtime's process has ended. */
void phases_runtime_exited(struct environment *environment, const struct program_end *end);

/* `environment->fault` says what went wrong: the invocation, if one is under way, ends with it, and so does
 * everything in the sandbox. Nothing happens where that is under way already. */
void phases_fail(struct environment *environment);

/* The same, if there is such a fault. */
void phases_check_fault(struct environment *environment);

/* The same for an environment whose sandbox is gone, or about to go: the invocation alone. */
void phases_lose(struct environment *environment);

/* Answers an invocation that waited for an environment which is lost. */
void phases_abort(struct environment *environment, struct invocation *invocation);

/* The phase's timer fired. */
void phases_time_over(struct environment *environment);
