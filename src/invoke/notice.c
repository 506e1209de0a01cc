/* See notice.h. */
#include "invoke/notice.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "model/function_ref.h"
#include "model/runtime.h"

#define MIB (1024u * 1024)

/* "2026/01/31/": what streams begin with. */
#define DATE_LEN 11

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

/* ---- JSON ---- */

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

static void put_phase(struct json_writer *writer, const struct notice *notice,
                      const struct notice_origin *origin) {
    json_put_member(writer, "initializationType",
                    origin->is_provisioned ? "provisioned-concurrency" : "on-demand");
    json_put_member(writer, "phase", notice->phase);
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

static void json_init_start(const struct notice *notice, const struct notice_origin *origin,
                            struct json_writer *writer) {
    struct runtime_names names;
    name_runtime(origin, &names);
    put_phase(writer, notice, origin);
    json_put_member(writer, "runtimeVersion", names.version);
    json_put_member(writer, "runtimeVersionArn", names.arn);
    json_put_member(writer, "functionName", origin->function->name);
    json_put_member(writer, "functionVersion", origin->function->version);
    put_instance(writer, origin);
}

static void json_init_runtime_done(const struct notice *notice, const struct notice_origin *origin,
                                   struct json_writer *writer) {
    put_phase(writer, notice, origin);
    put_status(writer, notice);
}

static void json_init_report(const struct notice *notice, const struct notice_origin *origin,
                             struct json_writer *writer) {
    put_phase(writer, notice, origin);
    put_status(writer, notice);
    json_key(writer, "metrics");
    json_open_object(writer);
    put_milliseconds(writer, "durationMs", notice->duration_us);
    json_close_object(writer);
}

static void json_start(const struct notice *notice, const struct notice_origin *origin,
                       struct json_writer *writer) {
    const struct function *function = origin->function;
    char arn[FUNCTION_ARN_BYTES];
    function_arn_format(origin->region, function->account, function->name, NULL, arn);
    json_put_member(writer, "requestId", notice->request_id);
    json_put_member(writer, "functionArn", arn);
    json_put_member(writer, "version", function->version);
}

static void json_runtime_done(const struct notice *notice, const struct notice_origin *origin,
                              struct json_writer *writer) {
    (void)origin;
    json_put_member(writer, "requestId", notice->request_id);
    put_status(writer, notice);
    json_key(writer, "metrics");
    json_open_object(writer);
    put_milliseconds(writer, "durationMs", notice->duration_us);
    json_put_member_integer(writer, "producedBytes", (int64_t)notice->produced_bytes);
    json_close_object(writer);
}

static void json_report(const struct notice *notice, const struct notice_origin *origin,
                        struct json_writer *writer) {
    json_put_member(writer, "requestId", notice->request_id);
    json_key(writer, "metrics");
    json_open_object(writer);
    put_milliseconds(writer, "durationMs", notice->duration_us);
    json_put_member_integer(writer, "billedDurationMs", billed_ms(notice));
    json_put_member_integer(writer, "memorySizeMB", origin->function->memory_mb);
    json_put_member_integer(writer, "maxMemoryUsedMB", peak_mb(notice));
    if (notice->init_us >= 0)
        put_milliseconds(writer, "initDurationMs", notice->init_us);
    json_close_object(writer);
    put_status(writer, notice);
}

/* ---- all of them ---- */

static const struct {
    const char *type;
    enum function_log_level level; /* of a success; whatever failed is a warning */
    void (*append_text)(const struct notice *notice, const struct notice_origin *origin, struct buf *buf);
    void (*put_members)(const struct notice *notice, const struct notice_origin *origin,
                        struct json_writer *writer);
} kinds[] = {
    [NOTICE_INIT_START] = {"platform.initStart", FUNCTION_LOG_INFO, text_init_start, json_init_start},
    [NOTICE_INIT_RUNTIME_DONE] = {"platform.initRuntimeDone", FUNCTION_LOG_DEBUG, NULL,
                                  json_init_runtime_done},
    [NOTICE_INIT_REPORT] = {"platform.initReport", FUNCTION_LOG_DEBUG, text_init_report, json_init_report},
    [NOTICE_START] = {"platform.start", FUNCTION_LOG_INFO, text_start, json_start},
    [NOTICE_RUNTIME_DONE] = {"platform.runtimeDone", FUNCTION_LOG_DEBUG, text_end, json_runtime_done},
    [NOTICE_REPORT] = {"platform.report", FUNCTION_LOG_INFO, text_report, json_report},
};

enum function_log_level notice_level(const struct notice *notice, const struct notice_origin *origin) {
    if (notice->status)
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
    char time[CLOCK_TEXT_BYTES];
    clock_format_iso(wall_us, time);
    struct json_writer writer;
    json_writer_init(&writer, buf);
    json_open_object(&writer);
    json_put_member(&writer, "time", time);
    json_put_member(&writer, "type", kinds[notice->kind].type);
    json_key(&writer, "record");
    json_open_object(&writer);
    kinds[notice->kind].put_members(notice, origin, &writer);
    json_close_object(&writer);
    json_close_object(&writer);
}
