/* What went wrong in an execution environment, and what is said about it: the status and error type of log
 * lines, and the error document for the caller of the invocation that it ended. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "sandbox/program.h"

enum fault_kind {
    FAULT_NONE,
    FAULT_TIMED_OUT,
    FAULT_EXITED,       /* the runtime's process */
    FAULT_POSTED_ERROR, /* the runtime to /init/error */
    FAULT_EXTENSION,
    FAULT_NO_SANDBOX, /* the machine can't run it */
};

struct fault {
    enum fault_kind kind;
    struct program_end end;     /* of the runtime's process, or of the extension's that crashed */
    bool out_of_memory;         /* the kernel ended a process for the memory limit */
    bool has_end;               /* `end` says how the process ended */
    const char *extension_type; /* FAULT_EXTENSION: "Extension.Crash"; static */
    char posted_type[128];      /* what the runtime or the extension posted as its error's type, or "" */
    struct buf document;        /* FAULT_POSTED_ERROR */
    struct err *failure;        /* FAULT_NO_SANDBOX; owned */
};

/* What a runtime may post to /init/error: a document with a stack trace. */
#define FAULT_DOCUMENT_BYTES (256u * 1024)

void fault_init(struct fault *fault);
void fault_done(struct fault *fault);
void fault_reset(struct fault *fault); /* FAULT_NONE again */

/* FAULT_NO_SANDBOX, whatever it was before. */
void fault_set_failure(struct fault *fault, const struct err *failure);

/* "timeout" or "error". */
const char *fault_status(const struct fault *fault);

/* The error type of log lines; NULL for a time-out. `bootstrap` is the path of a custom runtime's program,
 * NULL for others. */
const char *fault_type(const struct fault *fault, const char *bootstrap);

/* The document for the caller, of any kind but FAULT_NONE and FAULT_NO_SANDBOX. It lies in the fault or in
 * `text` (REPORT_TEXT_BYTES). */
const char *fault_document(const struct fault *fault, const char *request_id, uint32_t timeout_s,
                           const char *bootstrap, char *text, size_t *ret_len);
