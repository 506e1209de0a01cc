/* What the platform itself tells of a function's environment and its invocations, as values. One notice is a
 * line of the function's log, as text (LogFormat Text) or as a JSON object, and an event of the Telemetry API
 * and of the Logs API. Some notices are only some of these. Pure. Source: recorded from the service; Lambda
 * Developer Guide, "Telemetry API event schema reference", "Using the Lambda Logs API" and "System log level
 * event mapping". */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "model/function.h"

enum notice_kind {
    NOTICE_INIT_START,             /* INIT_START */
    NOTICE_INIT_RUNTIME_DONE,      /* no text */
    NOTICE_INIT_REPORT,            /* INIT_REPORT; no text for on-demand environments that came up */
    NOTICE_START,                  /* START */
    NOTICE_RUNTIME_DONE,           /* no text: the runtime asked for the next event or is gone */
    NOTICE_END,                    /* END; text and Logs API alone: extensions are done too */
    NOTICE_REPORT,                 /* REPORT */
    NOTICE_EXTENSION,              /* EXTENSION */
    NOTICE_TELEMETRY_SUBSCRIPTION, /* TELEMETRY */
    NOTICE_LOGS_SUBSCRIPTION,      /* LOGS */
    NOTICE_LOGS_DROPPED,           /* no line: told to the subscription that lost something */
    NOTICE_FAULT,                  /* Logs API alone */
};
#define NOTICE_KINDS (NOTICE_FAULT + 1)

#define NOTICE_SPANS 4
#define NOTICE_WORDS 3

struct notice_span {
    const char *name; /* "responseLatency", "responseDuration", "runtimeOverhead", "extensionOverhead" */
    int64_t start_us; /* wall clock */
    int64_t duration_us;
};

/* Texts are borrowed. What a kind has no use for is 0. */
struct notice {
    enum notice_kind kind;
    const char *phase;          /* of NOTICE_INIT_...: "init", or "invoke" when it is tried again there */
    const char *request_id;     /* of notices about an invocation */
    const char *status;         /* NULL for success; "failure", "timeout" or "error" */
    const char *error_type;     /* "Runtime.ExitError"; or NULL */
    int64_t duration_us;        /* of the initialisation, or of the invocation */
    int64_t init_us;            /* NOTICE_REPORT: of a cold start; negative when the environment was warm */
    uint64_t produced_bytes;    /* NOTICE_RUNTIME_DONE: of the response */
    uint64_t memory_peak_bytes; /* NOTICE_REPORT: 0 when the machine can't tell */
    const char
        *trace_value; /* NOTICE_START, _RUNTIME_DONE, _REPORT: "Root=1-...;Parent=...;Sampled=1", or NULL */
    struct notice_span spans[NOTICE_SPANS]; /* of reports and _RUNTIME_DONE: up to the first without a name */
    const char *name;                       /* of extension and subscription: the extension's */
    const char *state;                      /* the same: "Ready", "Subscribed" */
    const char *words[NOTICE_WORDS];        /* events registered for, or types subscribed to */
    size_t word_count;
    uint64_t dropped_records; /* NOTICE_LOGS_DROPPED, like the next two */
    uint64_t dropped_bytes;
    const char *reason;
};

/* Where notices come from. */
struct notice_origin {
    const struct function *function;
    const char *region;
    const char *stream;  /* the environment's, see launch_log_stream() */
    bool is_provisioned; /* it was started ahead of calls, not for one */
};

/* How subscribers see events. */
enum notice_schema {
    NOTICE_LOGS_2020_08_15,
    NOTICE_LOGS_2021_03_18,
    NOTICE_TELEMETRY_2022_07_01,
    NOTICE_TELEMETRY_2022_12_13,
    NOTICE_TELEMETRY_2025_01_29,
};
#define NOTICE_SCHEMAS (NOTICE_TELEMETRY_2025_01_29 + 1)

/* What SystemLogLevel is compared with. */
enum function_log_level notice_level(const struct notice *notice, const struct notice_origin *origin);

/* Append one line without its newline. Nothing is appended where the form has no line for the notice. */
void notice_append_text(const struct notice *notice, const struct notice_origin *origin, struct buf *buf);
void notice_append_json(const struct notice *notice, const struct notice_origin *origin, int64_t wall_us,
                        struct buf *buf);

/* Appends the event {"time":...,"type":...,"record":...}; nothing when the schema has no such event. */
void notice_append_event(const struct notice *notice, const struct notice_origin *origin,
                         enum notice_schema schema, int64_t wall_us, struct buf *buf);

/* A copy with texts of its own, in one block that the caller frees. */
struct notice *notice_copy(const struct notice *notice, size_t *ret_size_bytes);
