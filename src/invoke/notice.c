/* See notice.h. */
#include "invoke/notice.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "model/function_ref.h"
#include "model/runtime.h"

#define MIB (1024u * 1024)

/* "2026/01/31/": what streams begin with. */
#define DATE_LEN 11

/* More than a fault ever says. */
#define FAULT_BYTES 1024

/* ---- common parts ---- */

static double milliseconds(int64_t duration_us) {
    return (double)duration_us / 1000.0;
}

/* Since August 2025 the service bills the initialisation of on-demand environments too; whole milliseconds,
 * rounded up. */
static long long billed_ms(const struct notice *notice) {
    int64_t billed_us = notice->duration_us + (notice->init_us > 0 ? notice->init_us : 0);
    return (long long)((billed_us + 999) / 1000);
}

static long long peak_mb(const struct notice *notice) {
    return (long long)((notice->memory_peak_bytes + MIB - 1) / MIB);
}

struct runtime_names {
    char version[RUNTIME_VERSION_BYTES];
    char arn[FUNCTION_ARN_BYTES];
};

static void name_runtime(const struct notice_origin *origin, struct runtime_names *ret_names) {
    const char *name = origin->function->runtime;
    const struct runtime_kind *kind = runtime_find(name);
    char hash[DIGEST_SHA256_HEX_BYTES];
    runtime_version_hash(name, hash);
    ret_names->version[0] = '\0';
    if (kind)
        runtime_version(kind, ret_names->version);
    snprintf(ret_names->arn, sizeof ret_names->arn, "arn:%s:lambda:%s::runtime:%s",
             function_arn_partition(origin->region), origin->region, hash);
}

/* ---- text ---- */

static void append_failure(const struct notice *notice, const char *ending, struct buf *buf) {
    if (!notice->status)
        return;
    buf_append_format(buf, "Status: %s%s", notice->status, notice->error_type ? "\tError Type: " : "");
    buf_append_text(buf, notice->error_type ? notice->error_type : "");
    buf_append_text(buf, ending);
}

static void text_init_start(const struct notice *notice, const struct notice_origin *origin,
                            struct buf *buf) {
    (void)notice;
    struct runtime_names names;
    name_runtime(origin, &names);
    buf_append_format(buf, "INIT_START Runtime Version: %s\tRuntime Version ARN: %s", names.version,
                      names.arn);
}

static void text_init_report(const struct notice *notice, const struct notice_origin *origin,
                             struct buf *buf) {
    if (!notice->status && !origin->is_provisioned)
        return;
    buf_append_format(buf, "INIT_REPORT Init Duration: %.2f ms", milliseconds(notice->duration_us));
    if (notice->status)
        buf_append_format(buf, "\tPhase: %s\t", notice->phase);
    append_failure(notice, "", buf);
}

static void text_start(const struct notice *notice, const struct notice_origin *origin, struct buf *buf) {
    buf_append_format(buf, "START RequestId: %s Version: %s", notice->request_id, origin->function->version);
}

static void text_end(const struct notice *notice, const struct notice_origin *origin, struct buf *buf) {
    (void)origin;
    buf_append_format(buf, "END RequestId: %s", notice->request_id);
}

static void text_report(const struct notice *notice, const struct notice_origin *origin, struct buf *buf) {
    buf_append_format(
        buf,
        "REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %lld ms\tMemory Size: %u MB\t"
        "Max Memory Used: %lld MB\t",
        notice->request_id, milliseconds(notice->duration_us), billed_ms(notice), origin->function->memory_mb,
        peak_mb(notice));
    if (notice->init_us >= 0)
        buf_append_format(buf, "Init Duration: %.2f ms\t", milliseconds(notice->init_us));
    append_failure(notice, "\t", buf);
}

/* "[INVOKE, SHUTDOWN]"; types of telemetry have a capital: "[Platform, Function]". */
static void append_words(const struct notice *notice, bool is_capital, struct buf *buf) {
    buf_append_byte(buf, '[');
    for (size_t i = 0; i < notice->word_count; i++) {
        const char *word = notice->words[i];
        buf_append_text(buf, i > 0 ? ", " : "");
        if (is_capital && *word >= 'a' && *word <= 'z')
            buf_append_byte(buf, (char)(*word++ - 'a' + 'A'));
        buf_append_text(buf, word);
    }
    buf_append_byte(buf, ']');
}

static void text_extension(const struct notice *notice, const struct notice_origin *origin, struct buf *buf) {
    (void)origin;
    buf_append_format(buf, "EXTENSION\tName: %s\tState: %s\tEvents: ", notice->name, notice->state);
    append_words(notice, false, buf);
    if (notice->error_type)
        buf_append_format(buf, "\tError Type: %s", notice->error_type);
}

static void text_subscription(const struct notice *notice, const struct notice_origin *origin,
                              struct buf *buf) {
    (void)origin;
    const char *api = notice->kind == NOTICE_LOGS_SUBSCRIPTION ? "LOGS" : "TELEMETRY";
    buf_append_format(buf, "%s\tName: %s\tState: %s\tTypes: ", api, notice->name, notice->state);
    append_words(notice, true, buf);
}

/* ---- JSON ---- */

/* Members of a record. Lines of the log have the form of the newest schema. */
struct form {
    const struct notice_origin *origin;
    enum notice_schema schema;
    struct json_writer *writer;
};

static bool is_logs_api(const struct form *form) {
    return form->schema <= NOTICE_LOGS_2021_03_18;
}

/* Milliseconds with as many decimals as needed, three at most. */
static void put_milliseconds(struct json_writer *writer, const char *key, int64_t duration_us) {
    char text[32];
    int len = snprintf(text, sizeof text, "%.3f", milliseconds(duration_us));
    while (text[len - 1] == '0')
        len--;
    len -= text[len - 1] == '.';
    json_key(writer, key);
    json_put_raw(writer, text, (size_t)len);
}

static void put_status(struct json_writer *writer, const struct notice *notice) {
    json_put_member(writer, "status", notice->status ? notice->status : "success");
    json_put_member(writer, "errorType", notice->error_type);
}

static void put_phase(const struct form *form, const struct notice *notice) {
    json_put_member(form->writer, "initializationType",
                    form->origin->is_provisioned ? "provisioned-concurrency" : "on-demand");
    json_put_member(form->writer, "phase", notice->phase);
}

static void put_spans(struct json_writer *writer, const struct notice *notice) {
    if (!notice->spans[0].name)
        return;
    json_key(writer, "spans");
    json_open_array(writer);
    for (size_t i = 0; i < NOTICE_SPANS && notice->spans[i].name; i++) {
        char start[CLOCK_TEXT_BYTES];
        clock_format_iso(notice->spans[i].start_us, start);
        json_open_object(writer);
        json_put_member(writer, "name", notice->spans[i].name);
        json_put_member(writer, "start", start);
        put_milliseconds(writer, "durationMs", notice->spans[i].duration_us);
        json_close_object(writer);
    }
    json_close_array(writer);
}

static void put_tracing(struct json_writer *writer, const struct notice *notice) {
    if (!notice->trace_value)
        return;
    json_key(writer, "tracing");
    json_open_object(writer);
    json_put_member(writer, "type", "X-Amzn-Trace-Id");
    json_put_member(writer, "value", notice->trace_value);
    json_close_object(writer);
}

static void put_words(struct json_writer *writer, const char *key, const struct notice *notice) {
    json_key(writer, key);
    json_open_array(writer);
    for (size_t i = 0; i < notice->word_count; i++)
        json_put_string(writer, notice->words[i]);
    json_close_array(writer);
}

/* An instance is called like its stream in a group of several functions. */
static void put_instance(struct json_writer *writer, const struct notice_origin *origin) {
    const struct function *function = origin->function;
    const char *stream = origin->stream;
    char id[256];
    snprintf(id, sizeof id, "%.*s%s%s", DATE_LEN, stream, function->log_group ? "" : function->name,
             strlen(stream) > DATE_LEN ? stream + DATE_LEN : "");
    json_put_member(writer, "instanceId", id);
    json_put_member_integer(writer, "instanceMaxMemory", (int64_t)function->memory_mb * MIB);
}

static void json_init_start(const struct notice *notice, const struct form *form) {
    const struct function *function = form->origin->function;
    struct runtime_names names;
    name_runtime(form->origin, &names);
    put_phase(form, notice);
    json_put_member(form->writer, "runtimeVersion", names.version);
    json_put_member(form->writer, "runtimeVersionArn", names.arn);
    if (form->schema > NOTICE_TELEMETRY_2022_07_01) {
        json_put_member(form->writer, "functionName", function->name);
        json_put_member(form->writer, "functionVersion", function->version);
        put_instance(form->writer, form->origin);
    }
    put_tracing(form->writer, notice);
}

static void json_init_runtime_done(const struct notice *notice, const struct form *form) {
    put_phase(form, notice);
    put_status(form->writer, notice);
    put_spans(form->writer, notice);
    put_tracing(form->writer, notice);
}

static void json_init_report(const struct notice *notice, const struct form *form) {
    put_phase(form, notice);
    if (form->schema > NOTICE_TELEMETRY_2022_07_01)
        put_status(form->writer, notice);
    json_key(form->writer, "metrics");
    json_open_object(form->writer);
    put_milliseconds(form->writer, "durationMs", notice->duration_us);
    json_close_object(form->writer);
    put_spans(form->writer, notice);
    put_tracing(form->writer, notice);
}

static void json_start(const struct notice *notice, const struct form *form) {
    const struct function *function = form->origin->function;
    json_put_member(form->writer, "requestId", notice->request_id);
    if (form->schema >= NOTICE_TELEMETRY_2025_01_29) {
        char arn[FUNCTION_ARN_BYTES];
        function_arn_format(form->origin->region, function->account, function->name, NULL, arn);
        json_put_member(form->writer, "functionArn", arn);
    }
    json_put_member(form->writer, "version", function->version);
    put_tracing(form->writer, notice);
}

static void json_runtime_done(const struct notice *notice, const struct form *form) {
    json_put_member(form->writer, "requestId", notice->request_id);
    if (is_logs_api(form)) {
        json_put_member(form->writer, "status", notice->status ? notice->status : "success");
        return;
    }
    put_status(form->writer, notice);
    json_key(form->writer, "metrics");
    json_open_object(form->writer);
    put_milliseconds(form->writer, "durationMs", notice->duration_us);
    json_put_member_integer(form->writer, "producedBytes", (int64_t)notice->produced_bytes);
    json_close_object(form->writer);
    put_spans(form->writer, notice);
    put_tracing(form->writer, notice);
}

static void json_end(const struct notice *notice, const struct form *form) {
    json_put_member(form->writer, "requestId", notice->request_id);
}

static void json_report(const struct notice *notice, const struct form *form) {
    json_put_member(form->writer, "requestId", notice->request_id);
    json_key(form->writer, "metrics");
    json_open_object(form->writer);
    put_milliseconds(form->writer, "durationMs", notice->duration_us);
    json_put_member_integer(form->writer, "billedDurationMs", billed_ms(notice));
    json_put_member_integer(form->writer, "memorySizeMB", form->origin->function->memory_mb);
    json_put_member_integer(form->writer, "maxMemoryUsedMB", peak_mb(notice));
    if (notice->init_us >= 0)
        put_milliseconds(form->writer, "initDurationMs", notice->init_us);
    json_close_object(form->writer);
    if (!is_logs_api(form)) {
        put_status(form->writer, notice);
        put_spans(form->writer, notice);
    }
    put_tracing(form->writer, notice);
}

static void json_extension(const struct notice *notice, const struct form *form) {
    json_put_member(form->writer, "name", notice->name);
    json_put_member(form->writer, "state", notice->state);
    put_words(form->writer, "events", notice);
    json_put_member(form->writer, "errorType", notice->error_type);
}

static void json_subscription(const struct notice *notice, const struct form *form) {
    json_put_member(form->writer, "name", notice->name);
    json_put_member(form->writer, "state", notice->state);
    put_words(form->writer, "types", notice);
}

static void json_logs_dropped(const struct notice *notice, const struct form *form) {
    json_put_member_integer(form->writer, "droppedBytes", (int64_t)notice->dropped_bytes);
    json_put_member_integer(form->writer, "droppedRecords", (int64_t)notice->dropped_records);
    json_put_member(form->writer, "reason", notice->reason);
}

/* The only record that is a text. */
static void put_fault(const struct notice *notice, struct json_writer *writer) {
    OWN(buf) struct buf text;
    buf_init(&text, FAULT_BYTES);
    buf_append_format(&text, "RequestId: %s\tStatus: %s", notice->request_id, notice->status);
    if (notice->error_type)
        buf_append_format(&text, "\tErrorType: %s", notice->error_type);
    buf_append_byte(&text, '\n');
    json_put_string_bytes(writer, buf_text(&text), text.len);
}

/* ---- all of them ---- */

#define IN(schema) (1u << (schema))
#define IN_TELEMETRY                                                                                         \
    (IN(NOTICE_TELEMETRY_2022_07_01) | IN(NOTICE_TELEMETRY_2022_12_13) | IN(NOTICE_TELEMETRY_2025_01_29))
#define IN_LOGS (IN(NOTICE_LOGS_2020_08_15) | IN(NOTICE_LOGS_2021_03_18))

/* The form of lines. */
#define LINE_SCHEMA NOTICE_TELEMETRY_2025_01_29

static const struct {
    const char *type;
    enum function_log_level level; /* of a success; whatever failed is a warning */
    unsigned schemas;              /* that have the event */
    void (*append_text)(const struct notice *notice, const struct notice_origin *origin, struct buf *buf);
    void (*put_members)(const struct notice *notice, const struct form *form); /* NULL: see put_fault() */
} kinds[] = {
    [NOTICE_INIT_START] = {"platform.initStart", FUNCTION_LOG_INFO, IN_TELEMETRY, text_init_start,
                           json_init_start},
    [NOTICE_INIT_RUNTIME_DONE] = {"platform.initRuntimeDone", FUNCTION_LOG_DEBUG, IN_TELEMETRY, NULL,
                                  json_init_runtime_done},
    [NOTICE_INIT_REPORT] = {"platform.initReport", FUNCTION_LOG_DEBUG, IN_TELEMETRY, text_init_report,
                            json_init_report},
    [NOTICE_START] = {"platform.start", FUNCTION_LOG_INFO, IN_LOGS | IN_TELEMETRY, text_start, json_start},
    [NOTICE_RUNTIME_DONE] = {"platform.runtimeDone", FUNCTION_LOG_DEBUG,
                             IN(NOTICE_LOGS_2021_03_18) | IN_TELEMETRY, NULL, json_runtime_done},
    [NOTICE_END] = {"platform.end", FUNCTION_LOG_INFO, IN_LOGS, text_end, json_end},
    [NOTICE_REPORT] = {"platform.report", FUNCTION_LOG_INFO, IN_LOGS | IN_TELEMETRY, text_report,
                       json_report},
    [NOTICE_EXTENSION] = {"platform.extension", FUNCTION_LOG_INFO, IN_LOGS | IN_TELEMETRY, text_extension,
                          json_extension},
    [NOTICE_TELEMETRY_SUBSCRIPTION] = {"platform.telemetrySubscription", FUNCTION_LOG_INFO, IN_TELEMETRY,
                                       text_subscription, json_subscription},
    [NOTICE_LOGS_SUBSCRIPTION] = {"platform.logsSubscription", FUNCTION_LOG_INFO, IN_LOGS | IN_TELEMETRY,
                                  text_subscription, json_subscription},
    [NOTICE_LOGS_DROPPED] = {"platform.logsDropped", FUNCTION_LOG_WARN, IN_LOGS | IN_TELEMETRY, NULL,
                             json_logs_dropped},
    [NOTICE_FAULT] = {"platform.fault", FUNCTION_LOG_WARN, IN_LOGS, NULL, NULL},
};

enum function_log_level notice_level(const struct notice *notice, const struct notice_origin *origin) {
    if (notice->status || notice->error_type)
        return FUNCTION_LOG_WARN;
    if (notice->kind == NOTICE_INIT_REPORT && origin->is_provisioned)
        return FUNCTION_LOG_INFO;
    return kinds[notice->kind].level;
}

void notice_append_text(const struct notice *notice, const struct notice_origin *origin, struct buf *buf) {
    if (kinds[notice->kind].append_text)
        kinds[notice->kind].append_text(notice, origin, buf);
}

void notice_append_json(const struct notice *notice, const struct notice_origin *origin, int64_t wall_us,
                        struct buf *buf) {
    notice_append_event(notice, origin, LINE_SCHEMA, wall_us, buf);
}

void notice_append_event(const struct notice *notice, const struct notice_origin *origin,
                         enum notice_schema schema, int64_t wall_us, struct buf *buf) {
    if (!(kinds[notice->kind].schemas & IN(schema)))
        return;
    char time[CLOCK_TEXT_BYTES];
    clock_format_iso(wall_us, time);
    struct json_writer writer;
    json_writer_init(&writer, buf);
    json_open_object(&writer);
    json_put_member(&writer, "time", time);
    json_put_member(&writer, "type", kinds[notice->kind].type);
    json_key(&writer, "record");
    if (kinds[notice->kind].put_members) {
        struct form form = {.origin = origin, .schema = schema, .writer = &writer};
        json_open_object(&writer);
        kinds[notice->kind].put_members(notice, &form);
        json_close_object(&writer);
    } else {
        put_fault(notice, &writer);
    }
    json_close_object(&writer);
}

/* ---- copies ---- */

/* Where a notice's texts are. */
static const size_t texts[] = {
    offsetof(struct notice, phase),         offsetof(struct notice, request_id),
    offsetof(struct notice, status),        offsetof(struct notice, error_type),
    offsetof(struct notice, trace_value),   offsetof(struct notice, spans[0].name),
    offsetof(struct notice, spans[1].name), offsetof(struct notice, spans[2].name),
    offsetof(struct notice, spans[3].name), offsetof(struct notice, name),
    offsetof(struct notice, state),         offsetof(struct notice, words[0]),
    offsetof(struct notice, words[1]),      offsetof(struct notice, words[2]),
    offsetof(struct notice, reason),
};
_Static_assert(NOTICE_SPANS == 4 && NOTICE_WORDS == 3, "the table names each text");

static const char **text_at(struct notice *notice, size_t i) {
    return (const char **)(void *)((char *)notice + texts[i]);
}

struct notice *notice_copy(const struct notice *notice, size_t *ret_size_bytes) {
    struct notice shallow = *notice;
    size_t size = sizeof shallow;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        size += *text_at(&shallow, i) ? strlen(*text_at(&shallow, i)) + 1 : 0;
    char *end = (char *)mem_alloc(size) + sizeof shallow;
    struct notice *copy = (struct notice *)(void *)(end - sizeof shallow);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *text = *text_at(&shallow, i);
        if (!text)
            continue;
        size_t len = strlen(text) + 1;
        *text_at(&shallow, i) = memcpy(end, text, len);
        end += len;
    }
    *copy = shallow;
    *ret_size_bytes = size;
    return copy;
}
