/* See invocation.h. */
#include "invoke/invocation.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

/* Recycled ones kept at most, and the memory each may keep for its event headers. */
#define FREE_KEPT 256
#define HEAD_KEPT_BYTES 4096
#define HEAD_LIMIT_BYTES (32u * 1024)

void invocation_store_init(struct invocation_store *store) {
    list_init(&store->free);
    store->free_count = 0;
}

static void invocation_free(struct invocation *invocation) {
    buf_done(&invocation->event_head);
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
    /* Twice the tail, so that old bytes are dropped in large steps. */
    buf_init(&invocation->log_tail, 2 * LIMIT_LOG_TAIL_BYTES);
    return invocation;
}

static void append_header(struct buf *head, const char *name_and_colon, const char *value) {
    buf_append_text(head, name_and_colon);
    buf_append_text(head, value);
    buf_append(head, "\r\n", 2);
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
    invocation->payload = request->payload;
    invocation->payload_len = request->payload_len;
    invocation->wants_log_tail = request->wants_log_tail;
    invocation->done = done;
    invocation->arg = arg;
    return invocation;
}

void invocation_recycle(struct invocation_store *store, struct invocation *invocation) {
    free(invocation->owned_payload);
    struct buf head = invocation->event_head;
    struct buf tail = invocation->log_tail;
    buf_clear(&head);
    buf_clear(&tail);
    buf_shrink(&head, HEAD_KEPT_BYTES);
    *invocation = (struct invocation){.event_head = head, .log_tail = tail};
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

static void invocation_call_done(struct invocation *invocation, struct invoke_result *result) {
    if (!invocation->done)
        return;
    if (invocation->wants_log_tail) {
        const struct buf *tail = &invocation->log_tail;
        result->log_tail_len = tail->len > LIMIT_LOG_TAIL_BYTES ? LIMIT_LOG_TAIL_BYTES : tail->len;
        result->log_tail = buf_text(tail) + (tail->len - result->log_tail_len);
    }
    void (*done)(void *arg, const struct invoke_result *result) = invocation->done;
    invocation->done = NULL;
    done(invocation->arg, result);
}

void invocation_answer(struct invocation *invocation, enum invoke_outcome outcome, const void *payload,
                       size_t payload_len) {
    struct invoke_result result = {.outcome = outcome, .payload = payload, .payload_len = payload_len};
    invocation_call_done(invocation, &result);
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
