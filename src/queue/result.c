/* See result.h. */
#include "queue/result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/utf8.h"

#define RECORD_VERSION "1.0"

static void write_request_context(const struct result *result, struct json_writer *writer) {
    json_key(writer, "requestContext");
    json_open_object(writer);
    json_put_member(writer, "requestId", result->event->request_id);
    json_put_member(writer, "functionArn", result->function_arn);
    json_put_member(writer, "condition", retry_condition_name(result->condition));
    json_put_member_integer(writer, "approximateInvokeCount", result->runs);
    json_close_object(writer);
}

static void write_response(const struct result *result, struct json_writer *writer) {
    json_key(writer, "responseContext");
    json_open_object(writer);
    json_put_member_integer(writer, "statusCode", 200);
    json_put_member(writer, "executedVersion", result->executed_version);
    json_put_member(writer, "functionError", result->is_function_error ? "Unhandled" : NULL);
    json_close_object(writer);
    json_key(writer, "responsePayload");
    if (json_check(result->response, result->response_len, NULL))
        json_put_raw(writer, result->response, result->response_len);
    else
        json_put_string_bytes(writer, result->response, result->response_len);
}

void result_write_record(const struct result *result, int64_t now_us, struct buf *buf) {
    char now[CLOCK_TEXT_BYTES];
    clock_format_iso(now_us, now);
    struct json_writer writer;
    json_writer_init(&writer, buf);
    json_open_object(&writer);
    json_put_member(&writer, "version", RECORD_VERSION);
    json_put_member(&writer, "timestamp", now);
    write_request_context(result, &writer);
    json_key(&writer, "requestPayload");
    json_put_raw(&writer, result->event->payload, result->event->payload_len);
    if (result->has_response)
        write_response(result, &writer);
    json_close_object(&writer);
}

/* ---- dead letters ---- */

/* What kept an event from running. */
static const struct {
    const char *code;
    const char *words;
} obstacles[RETRY_CONDITIONS] = {
    [RETRY_TOO_OLD] = {"429", "The event is older than MaximumEventAgeInSeconds allows."},
    [RETRY_NO_CONCURRENCY] = {"429", "Rate Exceeded."},
    [RETRY_RECURSIVE] = {"400", "The function was called in a loop and its RecursiveLoop is Terminate."},
};

static void cut(const char *text, size_t len, char ret_message[RESULT_MESSAGE_BYTES]) {
    size_t kept = 0;
    size_t size;
    while ((size = utf8_sequence(text + kept, len - kept)) > 0 && kept + size < RESULT_MESSAGE_BYTES)
        kept += size;
    memcpy(ret_message, text, kept);
    ret_message[kept] = '\0';
}

/* The member errorMessage, as runtimes report failures; otherwise all of the response. */
static void cut_response(const struct result *result, char ret_message[RESULT_MESSAGE_BYTES]) {
    struct json_doc doc = {0};
    char *words = NULL;
    if (json_parse(&doc, result->response, result->response_len, LIMIT_CONTROL_JSON_TOKENS, NULL))
        words = json_string(json_member(json_root(&doc), "errorMessage"));
    json_doc_done(&doc);
    cut(words ? words : result->response, words ? strlen(words) : result->response_len, ret_message);
    free(words);
}

void result_describe_error(const struct result *result, struct result_error *ret_error) {
    if (result->has_response) {
        ret_error->code = "200";
        cut_response(result, ret_error->message);
        return;
    }
    ret_error->code = obstacles[result->condition].code;
    cut(obstacles[result->condition].words, strlen(obstacles[result->condition].words), ret_error->message);
}
