/* See invocation.h. */
#include "invoke/invocation.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "invoke/stream.h"

/* Recycled ones kept at most, and the memory each may keep for its event headers. */
#define FREE_KEPT 256
#define HEAD_KEPT_BYTES 4096
#define HEAD_LIMIT_BYTES (32u * 1024)

void invocation_store_init(struct invocation_store *store, struct invoke_totals *totals) {
    store->totals = totals;
    list_init(&store->free);
    store->free_count = 0;
}

static void invocation_free(struct invocation *invocation) {
    buf_done(&invocation->event_head);
    buf_done(&invocation->texts);
    buf_done(&invocation->log_tail);
    free(invocation);
}

void invocation_store_done(struct invocation_store *store) {
    list_each (link, &store->free) {
        list_remove(link);
        invocation_free(list_item(link, struct invocation, link));
    }
}

static struct invocation *invocation_take(struct invocation_store *store) {
    if (!list_is_empty(&store->free)) {
        struct invocation *invocation = list_item(store->free.next, struct invocation, link);
        list_remove(&invocation->link);
        store->free_count--;
        return invocation;
    }
    struct invocation *invocation = mem_alloc(sizeof *invocation);
    list_init(&invocation->link);
    buf_init(&invocation->event_head, HEAD_LIMIT_BYTES);
    buf_init(&invocation->texts, HEAD_LIMIT_BYTES);
    /* Twice the tail, so that old bytes are dropped in large steps. */
    buf_init(&invocation->log_tail, 2 * LIMIT_LOG_TAIL_BYTES);
    return invocation;
}

static void append_header(struct buf *head, const char *name_and_colon, const char *value) {
    buf_append_text(head, name_and_colon);
    buf_append_text(head, value);
    buf_append(head, "\r\n", 2);
}

static void keep_texts(struct invocation *invocation, const struct invoke_request *request) {
    size_t trace_size = strlen(request->trace_id) + 1;
    buf_append(&invocation->texts, request->trace_id, trace_size);
    buf_append(&invocation->texts, request->invoked_arn, strlen(request->invoked_arn) + 1);
    assert(buf_ok(&invocation->texts));
    invocation->trace_id = invocation->texts.data;
    invocation->invoked_arn = invocation->texts.data + trace_size;
}

struct invocation *invocation_new(struct invocation_store *store, const struct invoke_request *request,
                                  void (*done)(void *arg, const struct invoke_result *result), void *arg) {
    struct invocation *invocation = invocation_take(store);
    memcpy(invocation->request_id, request->request_id, sizeof invocation->request_id);
    struct buf *head = &invocation->event_head;
    append_header(head, "Lambda-Runtime-Aws-Request-Id: ", request->request_id);
    append_header(head, "Lambda-Runtime-Invoked-Function-Arn: ", request->invoked_arn);
    append_header(head, "Lambda-Runtime-Trace-Id: ", request->trace_id);
    if (request->client_context)
        append_header(head, "Lambda-Runtime-Client-Context: ", request->client_context);
    buf_append_text(head, "Content-Type: application/json\r\nLambda-Runtime-Deadline-Ms: ");
    assert(buf_ok(head));
    keep_texts(invocation, request);
    invocation->payload = request->payload;
    invocation->payload_len = request->payload_len;
    invocation->wants_log_tail = request->wants_log_tail;
    invocation->stream_events = request->stream;
    invocation->done = done;
    invocation->arg = arg;
    invocation->totals = store->totals;
    invocation->error = TOTALS_FUNCTION_ERROR;
    return invocation;
}

void invocation_recycle(struct invocation_store *store, struct invocation *invocation) {
    free(invocation->owned_payload);
    free(invocation->held);
    stream_free(invocation->stream);
    struct buf head = invocation->event_head;
    struct buf texts = invocation->texts;
    struct buf tail = invocation->log_tail;
    buf_clear(&head);
    buf_clear(&texts);
    buf_clear(&tail);
    buf_shrink(&head, HEAD_KEPT_BYTES);
    buf_shrink(&texts, HEAD_KEPT_BYTES);
    *invocation = (struct invocation){.event_head = head, .texts = texts, .log_tail = tail};
    list_init(&invocation->link);
    if (store->free_count >= FREE_KEPT) {
        invocation_free(invocation);
        return;
    }
    list_push_front(&store->free, &invocation->link);
    store->free_count++;
}

void invocation_abandon(struct invocation *invocation) {
    invocation->done = NULL;
    if (invocation->payload_len > 0) {
        invocation->owned_payload = mem_copy(invocation->payload, invocation->payload_len);
        invocation->payload = invocation->owned_payload;
    }
    if (invocation->stream)
        stream_abandon(invocation->stream);
}

void invocation_pause(struct invocation *invocation, bool is_paused) {
    if (invocation->stream)
        stream_pause(invocation->stream, is_paused);
}

void invocation_log(struct invocation *invocation, const char *line, size_t len) {
    if (!invocation->wants_log_tail)
        return;
    struct buf *tail = &invocation->log_tail;
    if (len >= LIMIT_LOG_TAIL_BYTES) {
        line += len - (LIMIT_LOG_TAIL_BYTES - 1);
        len = LIMIT_LOG_TAIL_BYTES - 1;
    }
    if (tail->len + len + 1 > tail->limit)
        buf_consume(tail, tail->len + len + 1 - LIMIT_LOG_TAIL_BYTES);
    buf_append(tail, line, len);
    buf_append_byte(tail, '\n');
}

static void count(struct invocation *invocation, enum invoke_outcome outcome) {
    enum totals_answer answers[] = {
        [INVOKE_DONE] = TOTALS_DONE,
        [INVOKE_FUNCTION_ERROR] = invocation->error,
        [INVOKE_THROTTLED] = TOTALS_THROTTLED,
        [INVOKE_FAILED] = TOTALS_FAILED,
    };
    if (!invocation->is_counted)
        invocation->totals->answers[answers[outcome]]++;
    invocation->is_counted = true;
}

static void invocation_call_done(struct invocation *invocation, struct invoke_result *result) {
    count(invocation, result->outcome);
    if (!invocation->done)
        return;
    if (invocation->wants_log_tail) {
        const struct buf *tail = &invocation->log_tail;
        result->log_tail_len = tail->len > LIMIT_LOG_TAIL_BYTES ? LIMIT_LOG_TAIL_BYTES : tail->len;
        result->log_tail = buf_text(tail) + (tail->len - result->log_tail_len);
    }
    if (invocation->stream)
        stream_describe(invocation->stream, result);
    void (*done)(void *arg, const struct invoke_result *result) = invocation->done;
    invocation->done = NULL;
    done(invocation->arg, result);
}

void invocation_answer(struct invocation *invocation, enum invoke_outcome outcome, const void *payload,
                       size_t payload_len) {
    struct invoke_result result = {.outcome = outcome, .payload = payload, .payload_len = payload_len};
    invocation_call_done(invocation, &result);
}

void invocation_hold(struct invocation *invocation, enum invoke_outcome outcome, char *take_payload,
                     size_t payload_len) {
    free(invocation->held);
    invocation->held = take_payload;
    invocation->held_len = payload_len;
    invocation->held_outcome = outcome;
    invocation->is_held = true;
}

void invocation_answer_held(struct invocation *invocation) {
    if (invocation->is_held)
        invocation_answer(invocation, invocation->held_outcome, invocation->held, invocation->held_len);
}

void invocation_throttle(struct invocation *invocation, const struct admission_refusal *refusal) {
    struct invoke_result result = {
        .outcome = INVOKE_THROTTLED, .reason = refusal->reason, .retry_after_s = refusal->retry_after_s};
    invocation_call_done(invocation, &result);
}

void invocation_fail(struct invocation *invocation, const struct err *failure) {
    struct invoke_result result = {.outcome = INVOKE_FAILED, .failure = failure};
    invocation_call_done(invocation, &result);
}
