/* What the platform itself writes into the log of a function, as values: the life of an environment and of
 * its invocations. One notice is a line of text (LogFormat Text) or a JSON object, in the order and spelling
 * of the service. Pure. Source: recorded from the service; Lambda Developer Guide, "Telemetry API event
 * schema reference" and "System log level event mapping". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/function.h"

enum notice_kind {
    NOTICE_INIT_START,        /* INIT_START */
    NOTICE_INIT_RUNTIME_DONE, /* JSON alone */
    NOTICE_INIT_REPORT,       /* INIT_REPORT; for on-demand environments that came up JSON alone */
    NOTICE_START,             /* START */
    NOTICE_RUNTIME_DONE,      /* END */
    NOTICE_REPORT,            /* REPORT */
};

struct notice {
    enum notice_kind kind;
    const char *phase;          /* of NOTICE_INIT_...: "init", or "invoke" when it is tried again there */
    const char *request_id;     /* of the others */
    const char *status;         /* NULL for success; "timeout" or "error" */
    const char *error_type;     /* with "error": "Runtime.ExitError"; or NULL */
    int64_t duration_us;        /* of the initialisation, or of the invocation */
    int64_t init_us;            /* NOTICE_REPORT: of a cold start; negative when the environment was warm */
    uint64_t produced_bytes;    /* NOTICE_RUNTIME_DONE: of the response */
    uint64_t memory_peak_bytes; /* NOTICE_REPORT: 0 when the machine can't tell */
};

/* Where notices come from. */
struct notice_origin {
    const struct function *function;
    const char *region;
    const char *stream;  /* the environment's, see launch_log_stream() */
    bool is_provisioned; /* it was started ahead of calls, not for one */
};

/* What SystemLogLevel is compared with. */
enum function_log_level notice_level(const struct notice *notice, const struct notice_origin *origin);

/* Append one line without its newline; text has no line for some notices, and nothing is appended. */
void notice_append_text(const struct notice *notice, const struct notice_origin *origin, struct buf *buf);
void notice_append_json(const struct notice *notice, const struct notice_origin *origin, int64_t wall_us,
                        struct buf *buf);
