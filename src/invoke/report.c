/* See report.h. */
#include "invoke/report.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* snprintf into a report text, cut to what fits. */
static size_t text_length(int printed) {
    if (printed < 0)
        return 0;
    return printed < REPORT_TEXT_BYTES ? (size_t)printed : REPORT_TEXT_BYTES - 1;
}

size_t report_error_document(const char *request_id, const char *type, const char *message,
                             char ret_text[REPORT_TEXT_BYTES]) {
    return text_length(snprintf(ret_text, REPORT_TEXT_BYTES,
                                "{\"errorType\":\"%s\",\"errorMessage\":\"RequestId: %s Error: %s\"}", type,
                                request_id, message));
}

size_t report_timeout_document(const char *request_id, uint32_t timeout_s, char ret_text[REPORT_TEXT_BYTES]) {
    char message[64];
    snprintf(message, sizeof message, "Task timed out after %u.00 seconds", timeout_s);
    return report_error_document(request_id, "Sandbox.Timedout", message, ret_text);
}

/* Signal names as Go's syscall package spells them on Linux. */
static const char *signal_words(int signum) {
    static const struct {
        int signum;
        const char *words;
    } table[] = {
        {SIGHUP, "hangup"},
        {SIGINT, "interrupt"},
        {SIGQUIT, "quit"},
        {SIGILL, "illegal instruction"},
        {SIGTRAP, "trace/breakpoint trap"},
        {SIGABRT, "aborted"},
        {SIGBUS, "bus error"},
        {SIGFPE, "floating point exception"},
        {SIGKILL, "killed"},
        {SIGUSR1, "user defined signal 1"},
        {SIGSEGV, "segmentation fault"},
        {SIGUSR2, "user defined signal 2"},
        {SIGPIPE, "broken pipe"},
        {SIGALRM, "alarm clock"},
        {SIGTERM, "terminated"},
        {SIGSTKFLT, "stack fault"},
        {SIGXCPU, "CPU time limit exceeded"},
        {SIGXFSZ, "file size limit exceeded"},
        {SIGVTALRM, "virtual timer expired"},
        {SIGPROF, "profiling timer expired"},
        {SIGIO, "I/O possible"},
        {SIGPWR, "power failure"},
        {SIGSYS, "bad system call"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].signum == signum)
            return table[i].words;
    return NULL;
}

size_t report_exit_document(const char *request_id, const struct program_end *end,
                            char ret_text[REPORT_TEXT_BYTES]) {
    char message[96];
    const char *words = signal_words(end->signal != 0 ? end->signal : SIGKILL);
    if (end->exited && end->exit_status == 0)
        snprintf(message, sizeof message, "Runtime exited without providing a reason");
    else if (end->exited)
        snprintf(message, sizeof message, "Runtime exited with error: exit status %d", end->exit_status);
    else if (words)
        snprintf(message, sizeof message, "Runtime exited with error: signal: %s", words);
    else
        snprintf(message, sizeof message, "Runtime exited with error: signal: signal %d", end->signal);
    return report_error_document(request_id, "Runtime.ExitError", message, ret_text);
}

size_t report_entrypoint_document(const char *request_id, char ret_text[REPORT_TEXT_BYTES]) {
    return report_error_document(request_id, "Runtime.InvalidEntrypoint",
                                 "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
                                 ret_text);
}

/* Errors as Go's syscall package spells them. */
static const char *errno_words(int errnum) {
    switch (errnum) {
    case ENOENT: return "no such file or directory";
    case EACCES: return "permission denied";
    case ENOEXEC: return "exec format error";
    case E2BIG: return "argument list too long";
    case ENOMEM: return "cannot allocate memory";
    default: return "input/output error";
    }
}

size_t report_exec_document(const char *request_id, const char *bootstrap, int errnum,
                            char ret_text[REPORT_TEXT_BYTES]) {
    char message[96];
    snprintf(message, sizeof message, "fork/exec %s: %s", bootstrap, errno_words(errnum));
    return report_error_document(request_id, "Runtime.InvalidEntrypoint", message, ret_text);
}

/* Only what can stand in a JSON text as it is. */
static bool is_plain(const char *text) {
    for (const char *at = text; *at; at++)
        if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\')
            return false;
    return text[0] != '\0';
}

size_t report_extension_document(const char *request_id, const char *type, const struct program_end *end,
                                 const char *posted_type, char ret_text[REPORT_TEXT_BYTES]) {
    char message[160];
    const char *words = end && end->signal != 0 ? signal_words(end->signal) : NULL;
    if (end && end->exec_errno != 0)
        snprintf(message, sizeof message, "%s", errno_words(end->exec_errno));
    else if (words)
        snprintf(message, sizeof message, "signal: %s", words);
    else if (end)
        snprintf(message, sizeof message, "exit code %d", end->exit_status);
    else
        snprintf(message, sizeof message, "%s", is_plain(posted_type) ? posted_type : type);
    return report_error_document(request_id, type, message, ret_text);
}

size_t report_too_large_document(size_t limit_bytes, char ret_text[REPORT_TEXT_BYTES]) {
    return text_length(snprintf(
        ret_text, REPORT_TEXT_BYTES,
        "{\"errorMessage\":\"Response payload size exceeded maximum allowed payload size (%zu bytes).\","
        "\"errorType\":\"Function.ResponseSizeTooLarge\"}",
        limit_bytes));
}

static bool is_letter(char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

const char *report_error_type(const char *type) {
    bool is_function = strncmp(type, "Function.", 9) == 0;
    bool is_runtime = strncmp(type, "Runtime.", 8) == 0;
    const char *unknown = is_function ? "Function.Unknown" : "Runtime.Unknown";
    if (!is_function && !is_runtime)
        return unknown;
    const char *name = type + (is_function ? 9 : 8);
    if (name[0] < 'A' || name[0] > 'Z' || name[1] == '\0')
        return unknown;
    for (const char *at = name; *at; at++)
        if (!is_letter(*at))
            return unknown;
    return type;
}
