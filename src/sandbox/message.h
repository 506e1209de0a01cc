/* The packets between lamb serve and lamb-spawner. Every packet is a head and a body; both sides check what
 * they take, since lamb-spawner trusts lamb serve with nothing but which sandboxes to make.
 *
 *   type     from     id   value            body                       descriptors
 *   CLAIM    serve    yes  -                an encoded plan            a directory for each mount; the one
 *                                                                     that is handed over, if any
 *   KILL     serve    yes  -                -                          -
 *   CPU      serve    yes  new cpu_millis   -                          -
 *   FIT      serve    yes  -                a plan without a program   a directory for each mount
 *   READY    spawner  -    MESSAGE_HAS_...  lines of the report        -
 *   REFUSED  spawner  -    enum err_code    why it can't work at all   -
 *   STARTED  spawner  yes  MESSAGE_WITH_... -                          two listeners, output, control; where
 *                                                                     the value says so, peak memory,
 *                                                                     freezer, memory events
 *   FITTED   spawner  yes  enum err_code    why not; with ERR_NONE -   -
 *   FAILED   spawner  yes  enum err_code    why                        -
 *   ENDED    spawner  yes  -                struct sandbox_end         -
 *
 * READY or REFUSED is the spawner's first packet and comes once. Both programs are built together and run on
 * one machine, so structs travel as they are; MESSAGE_VERSION guards against programs of two different
 * builds. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"
#include "sandbox/end.h"
#include "sys/fd.h"

#define MESSAGE_VERSION 5u

/* The descriptor under which lamb-spawner finds its socket. */
#define MESSAGE_SPAWNER_SOCKET 3

enum message_type {
    MESSAGE_CLAIM = 1,
    MESSAGE_KILL,
    MESSAGE_CPU,
    MESSAGE_FIT,
    MESSAGE_READY,
    MESSAGE_REFUSED,
    MESSAGE_STARTED,
    MESSAGE_FITTED,
    MESSAGE_FAILED,
    MESSAGE_ENDED,
};

/* READY's value: what this machine can limit, and whether its freezers are of version 1. */
enum { MESSAGE_HAS_MEMORY = 1, MESSAGE_HAS_CPU = 2, MESSAGE_HAS_PIDS = 4, MESSAGE_HAS_OLD_FREEZER = 8 };

/* STARTED's value: which of the last descriptors it brings. */
enum { MESSAGE_WITH_PEAK = 1, MESSAGE_WITH_FREEZER = 2, MESSAGE_WITH_EVENTS = 4 };

struct message_head {
    uint32_t version;
    uint32_t type;
    uint64_t id;
    uint32_t value;
    uint32_t errnum; /* of FAILED, FITTED and REFUSED */
};

#define MESSAGE_MAX_BYTES (sizeof(struct message_head) + LIMIT_PLAN_BYTES)

/* A packet taken apart; `body` points into the buffer it was received into. */
struct message {
    enum message_type type;
    uint64_t id;
    uint32_t value;
    int errnum;
    const void *body;
    size_t body_len;
};

/* The head for a packet of this type; id and value are the caller's to set. */
struct message_head message_head(enum message_type type);

/* Checks version, type and the lengths that the type fixes. */
bool message_parse(const void *data, size_t len, struct message *ret_message, struct err *err);

/* Sends head and text as one packet; the text is cut where it does not fit. */
bool message_send_text(int sock, const struct message_head *head, const char *text, struct err *err);

/* Sends a failure as FAILED, FITTED or REFUSED, and reads one back. */
bool message_send_failure(int sock, enum message_type type, uint64_t id, const struct err *failure,
                          struct err *err);
void message_read_failure(const struct message *message, struct err *ret_failure);

bool message_send_end(int sock, uint64_t id, const struct sandbox_end *end, struct err *err);
struct sandbox_end message_read_end(const struct message *message);
