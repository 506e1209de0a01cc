/* What AWS Lambda says about an invocation that it, not the function, has to answer, word for word: the error
 * documents that callers get. Pure text; no state. Source: documents recorded from the service; Lambda
 * Developer Guide, "execution environment". */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "sandbox/program.h"

/* Room for any document below. */
#define REPORT_TEXT_BYTES 1024

/* Each returns the text's length. */

/* {"errorType":"Sandbox.Timedout",...} */
size_t report_timeout_document(const char *request_id, uint32_t timeout_s, char ret_text[REPORT_TEXT_BYTES]);

/* {"errorType":"Runtime.ExitError",...}, in the words of Go's os/exec that the service uses. */
size_t report_exit_document(const char *request_id, const struct program_end *end,
                            char ret_text[REPORT_TEXT_BYTES]);

size_t report_entrypoint_document(const char *request_id, char ret_text[REPORT_TEXT_BYTES]);

/* A custom runtime's program that could not be executed: "fork/exec /var/task/bootstrap: exec format error".
 */
size_t report_exec_document(const char *request_id, const char *bootstrap, int errnum,
                            char ret_text[REPORT_TEXT_BYTES]);

/* {"errorType":"Extension.Crash","errorMessage":"RequestId: ... Error: exit code 1"}. `end` is of the
 * extension's process, NULL while it has not ended; `posted_type` what it called its error, or "". */
size_t report_extension_document(const char *request_id, const char *type, const struct program_end *end,
                                 const char *posted_type, char ret_text[REPORT_TEXT_BYTES]);

/* A response that is longer than so many bytes. */
size_t report_too_large_document(size_t limit_bytes, char ret_text[REPORT_TEXT_BYTES]);

/* {"errorType":"<type>","errorMessage":"RequestId: <id> Error: <message>"}; the message must need no
 * escaping. */
size_t report_error_document(const char *request_id, const char *type, const char *message,
                             char ret_text[REPORT_TEXT_BYTES]);

/* The error type a runtime named in its header, as the platform reports it: names outside
 * `(Runtime|Function).Xyz` become "Function.Unknown" or "Runtime.Unknown". The result is static or `type`
 * itself. */
const char *report_error_type(const char *type);
