/* What AWS Lambda says about an invocation, word for word: the lines around it in the log, and the error
 * documents that callers get when the platform, not the function, has to answer. Pure text; no state. Source:
 * lines and documents recorded from the service; Lambda Developer Guide, "execution environment". */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/host.h"

/* Room for any line or document below. */
#define REPORT_TEXT_BYTES 1024

struct report {
    const char *request_id;
    int64_t duration_us;
    int64_t init_us; /* of a cold start; negative when the environment was warm */
    uint32_t memory_mb;
    uint64_t memory_peak_bytes; /* 0 when the machine can't tell */
    const char *status;         /* NULL for success; "timeout" or "error" */
    const char *error_type;     /* with "error": "Runtime.ExitError"; or NULL */
};

/* Each returns the text's length. Lines have no newline at their end. */
size_t report_start_line(const char *request_id, const char *version, char ret_text[REPORT_TEXT_BYTES]);
size_t report_end_line(const char *request_id, char ret_text[REPORT_TEXT_BYTES]);
size_t report_line(const struct report *report, char ret_text[REPORT_TEXT_BYTES]);

/* INIT_REPORT of an initialisation that failed; phase is "init" or "invoke". */
size_t report_init_line(int64_t init_us, const char *phase, const char *status, const char *error_type,
                        char ret_text[REPORT_TEXT_BYTES]);

/* {"errorType":"Sandbox.Timedout",...} */
size_t report_timeout_document(const char *request_id, uint32_t timeout_s, char ret_text[REPORT_TEXT_BYTES]);

/* {"errorType":"Runtime.ExitError",...}, in the words of Go's os/exec that the service uses. */
size_t report_exit_document(const char *request_id, const struct sandbox_end *end,
                            char ret_text[REPORT_TEXT_BYTES]);

size_t report_entrypoint_document(const char *request_id, char ret_text[REPORT_TEXT_BYTES]);

/* A custom runtime's program that could not be executed: "fork/exec /var/task/bootstrap: exec format error".
 */
size_t report_exec_document(const char *request_id, const char *bootstrap, int errnum,
                            char ret_text[REPORT_TEXT_BYTES]);
size_t report_too_large_document(char ret_text[REPORT_TEXT_BYTES]);

/* {"errorType":"<type>","errorMessage":"RequestId: <id> Error: <message>"}; the message must need no
 * escaping. */
size_t report_error_document(const char *request_id, const char *type, const char *message,
                             char ret_text[REPORT_TEXT_BYTES]);

/* The error type a runtime named in its header, as the platform reports it: names outside
 * `(Runtime|Function).Xyz` become "Function.Unknown" or "Runtime.Unknown". The result is static or `type`
 * itself. */
const char *report_error_type(const char *type);
