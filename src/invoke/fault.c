/* See fault.h. */
#include "invoke/fault.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "invoke/report.h"

void fault_init(struct fault *fault) {
    *fault = (struct fault){0};
    buf_init(&fault->document, FAULT_DOCUMENT_BYTES);
}

void fault_done(struct fault *fault) {
    buf_done(&fault->document);
    free(take_ptr(fault->failure));
}

void fault_reset(struct fault *fault) {
    fault_done(fault);
    fault_init(fault);
}

const char *fault_status(const struct fault *fault) {
    return fault->kind == FAULT_TIMED_OUT ? "timeout" : "error";
}

void fault_set_failure(struct fault *fault, const struct err *failure) {
    free(fault->failure);
    fault->kind = FAULT_NO_SANDBOX;
    fault->failure = mem_copy(failure, sizeof *failure);
}

/* A custom runtime whose program is none for this machine. */
static bool is_unexecutable(const struct fault *fault, const char *bootstrap) {
    return bootstrap && fault->end.exec_errno != 0;
}

const char *fault_type(const struct fault *fault, const char *bootstrap) {
    switch (fault->kind) {
    case FAULT_NONE:
    case FAULT_TIMED_OUT: return NULL;
    case FAULT_POSTED_ERROR: return fault->posted_type;
    case FAULT_EXTENSION: return fault->extension_type;
    case FAULT_EXITED:
    case FAULT_NO_SANDBOX: break;
    }
    if (is_unexecutable(fault, bootstrap))
        return "Runtime.InvalidEntrypoint";
    return fault->out_of_memory ? "Runtime.OutOfMemory" : "Runtime.ExitError";
}

const char *fault_document(const struct fault *fault, const char *request_id, uint32_t timeout_s,
                           const char *bootstrap, char *text, size_t *ret_len) {
    if (fault->kind == FAULT_POSTED_ERROR) {
        *ret_len = fault->document.len;
        return buf_text(&fault->document);
    }
    if (fault->kind == FAULT_TIMED_OUT)
        *ret_len = report_timeout_document(request_id, timeout_s, text);
    else if (fault->kind == FAULT_EXTENSION)
        *ret_len = report_extension_document(request_id, fault->extension_type,
                                             fault->has_end ? &fault->end : NULL, fault->posted_type, text);
    else if (is_unexecutable(fault, bootstrap))
        *ret_len = report_exec_document(request_id, bootstrap, fault->end.exec_errno, text);
    else
        *ret_len = report_exit_document(request_id, &fault->end, text);
    return text;
}
