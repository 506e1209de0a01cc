/* See attempt.h. The way: attempt_run() ─▶ on_invoked() ─▶ give_up(), succeed() or try_again() ─▶
 * attempt_settle() ─▶ on_settled(). */
#include "queue/attempt.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "model/lineage.h"
#include "queue/async_key.h"
#include "queue/result.h"

#define TRACE_BYTES 256

void attempt_done(struct attempt *attempt) {
    event_done(&attempt->event);
    function_unref(attempt->function);
    for (size_t i = 0; i < attempt->letter_count; i++)
        letter_done(&attempt->letters[i]);
}

static int64_t now_us(const struct attempt *attempt) {
    return clock_wall_us(attempt->context->clock);
}

static void target_done(struct async_target *target) {
    free(target->on_success);
    free(target->on_failure);
}

/* False when the function is gone, also when another one has its name by now. */
static bool find(struct attempt *attempt, struct async_target *ret_target) {
    const struct async_upper *upper = &attempt->context->upper;
    *ret_target = (struct async_target){0};
    return *attempt->queue &&
           upper->find(upper->arg, attempt->account, attempt->name, attempt->event.qualifier, ret_target);
}

/* ---- letters ---- */

static void format_arn(const struct attempt *attempt, const char *qualifier,
                       char ret_arn[FUNCTION_ARN_BYTES]) {
    function_arn_format(attempt->context->region, attempt->account, attempt->name, qualifier, ret_arn);
}

static struct letter *add_letter(struct attempt *attempt, const char *to, const char *function_arn) {
    assert(attempt->letter_count < ATTEMPT_LETTERS);
    struct letter *letter = &attempt->letters[attempt->letter_count++];
    *letter = (struct letter){
        .to = mem_text(to),
        .function_arn = mem_text(function_arn),
        .request_id = mem_text(attempt->event.request_id),
        .trace_id = mem_text(attempt->event.trace_id),
        .is_success = attempt->condition == RETRY_SUCCESS,
    };
    return letter;
}

/* One that is too long for any destination stays without its text. */
static void add_record(struct attempt *attempt, const char *to, const struct result *result) {
    struct buf text;
    buf_init(&text, LIMIT_EVENT_BYTES);
    result_write_record(result, now_us(attempt), &text);
    struct letter *letter = add_letter(attempt, to, result->function_arn);
    letter->body_len = text.len;
    if (buf_ok(&text))
        letter->body = buf_take(&text);
    else
        buf_done(&text);
}

static void add_dead_letter(struct attempt *attempt, const char *to, const struct result *result) {
    struct result_error error;
    result_describe_error(result, &error);
    struct letter *letter = add_letter(attempt, to, result->function_arn);
    letter->body_len = attempt->event.payload_len;
    letter->body = take_ptr(attempt->event.payload);
    letter->error_code = mem_text(error.code);
    letter->error_message = mem_text(error.message);
}

/* What the event has come to; `response` NULL when the function was not reached this time. */
static void conclude(struct attempt *attempt, const struct async_target *target,
                     enum retry_condition condition, const struct invoke_result *response) {
    char arn[FUNCTION_ARN_BYTES];
    const char *qualifier = attempt->event.qualifier;
    format_arn(attempt, qualifier[0] ? qualifier : FUNCTION_LATEST, arn);
    attempt->condition = condition;
    attempt->context->totals.over[condition]++;
    const struct result result = {
        .event = &attempt->event,
        .function_arn = arn,
        .condition = condition,
        .runs = attempt->event.history.errors + (condition == RETRY_SUCCESS),
        .has_response = response != NULL,
        .executed_version = attempt->function->version,
        .is_function_error = condition != RETRY_SUCCESS,
        .response = response ? response->payload : NULL,
        .response_len = response ? response->payload_len : 0,
    };
    const char *destination = condition == RETRY_SUCCESS ? target->on_success : target->on_failure;
    if (destination)
        add_record(attempt, destination, &result);
    if (condition != RETRY_SUCCESS && attempt->function->dead_letter_arn)
        add_dead_letter(attempt, attempt->function->dead_letter_arn, &result);
    for (size_t i = 0; i < attempt->letter_count; i++)
        attempt->context->grew(attempt, attempt->letters[i].body_len);
    attempt_settle(attempt);
}

/* ---- settling ---- */

/* One of them was not delivered: as on AWS it is dropped, and that is said. */
static void count_failure(struct attempt *attempt, const struct letter *letter, const struct err *err) {
    struct async_totals *totals = &attempt->context->totals;
    if (letter_is_dead(letter))
        totals->dead_letter_failures++;
    else
        totals->record_failures++;
    log_warn("async.delivery_failed", "function=%s request_id=%s to=%s dead_letter=%s error=\"%s\"",
             letter->function_arn, letter->request_id, letter->to, letter_is_dead(letter) ? "yes" : "no",
             err->text);
}

/* The letter as an event of another function, with a request of its own. */
static void address_function(struct attempt *attempt, const struct function_ref *function,
                             const struct letter *letter, struct buf *attributes,
                             struct queue_delivery *ret_delivery) {
    char arn[FUNCTION_ARN_BYTES];
    char trace_id[TRACE_BYTES];
    char qualifier[FUNCTION_QUALIFIER_BYTES];
    char key[ASYNC_KEY_BYTES];
    function_arn_format(attempt->context->region, function->account, function->name, NULL, arn);
    lineage_extend(letter->trace_id, arn, trace_id, sizeof trace_id);
    memcpy(qualifier, function->qualifier, sizeof qualifier);
    struct event event = {
        .qualifier = qualifier, .trace_id = trace_id, .history.accepted_us = now_us(attempt)};
    ident_uuid(event.request_id);
    event_write(&event, attributes);
    async_key(function->account, function->name, key);
    ret_delivery->target = queues_get(attempt->context->queues, key);
    ret_delivery->entry.message_id = NULL;
    attempt->passed_on[attempt->passed_on_count++] = *function;
}

static bool address(struct attempt *attempt, const struct letter *letter, struct buf *attributes,
                    struct queue_delivery *ret_delivery, struct err *err) {
    struct attempt_context *context = attempt->context;
    const struct async_upper *upper = &context->upper;
    struct async_address address = {0};
    if (!upper->resolve(upper->arg, attempt->function, letter->to, &address, err))
        return false;
    if (!letter->body)
        return err_set(err, ERR_TOO_LARGE, "the record would have more than %u bytes", LIMIT_EVENT_BYTES);
    if (letter->body_len > address.most_bytes)
        return err_set(err, ERR_TOO_LARGE, "it has %zu bytes, and %zu is the most that can be sent there",
                       letter->body_len, address.most_bytes);
    ret_delivery->entry = (struct queue_entry){.body = letter->body, .body_len = letter->body_len};
    switch (address.place) {
    case ASYNC_QUEUE:
        ret_delivery->target = address.queue;
        ret_delivery->entry.delay_ms = -1;
        upper->write_attributes(upper->arg, attempt->function, letter, attributes);
        break;
    case ASYNC_FUNCTION:
        address_function(attempt, &address.function, letter, attributes, ret_delivery);
        break;
    case ASYNC_ENDPOINT:
        if (!courier_queue(context->courier, letter->to, &ret_delivery->target, err))
            return false;
        letter_write(letter, attributes);
        break;
    }
    ret_delivery->entry.attributes = buf_text(attributes);
    ret_delivery->entry.attributes_len = attributes->len;
    return true;
}

static void settled(struct attempt *attempt) {
    struct async_totals *totals = &attempt->context->totals;
    for (size_t i = 0; i < attempt->letter_count; i++) {
        totals->records += attempt->is_sent[i] && !letter_is_dead(&attempt->letters[i]);
        totals->dead_letters += attempt->is_sent[i] && letter_is_dead(&attempt->letters[i]);
    }
    for (size_t i = 0; i < attempt->passed_on_count; i++)
        attempt->context->passed_on(attempt, &attempt->passed_on[i]);
    attempt->context->settled(attempt);
}

static void on_settled(void *arg, const enum queue_outcome *outcomes, size_t count, const struct err *err) {
    struct attempt *attempt = arg;
    (void)count;
    if (err && *attempt->queue) {
        attempt->context->unsettled(attempt, err);
        return;
    }
    if (!err && outcomes[0] != QUEUE_SETTLED && *attempt->queue)
        log_warn("async.settled_late", "function=%s request_id=%s note=\"the event was taken twice\"",
                 attempt->name, attempt->event.request_id);
    settled(attempt);
}

void attempt_settle(struct attempt *attempt) {
    struct buf attributes[ATTEMPT_LETTERS];
    struct queue_delivery deliveries[ATTEMPT_LETTERS];
    struct queue_settlement settlement = {.receipt = attempt->receipt, .deliveries = deliveries};
    struct err err;
    if (!*attempt->queue) {
        settled(attempt);
        return;
    }
    attempt->passed_on_count = 0;
    for (size_t i = 0; i < attempt->letter_count; i++)
        buf_init(&attributes[i], LETTER_ATTRIBUTES_BYTES);
    for (size_t i = 0; i < attempt->letter_count; i++) {
        size_t *count = &settlement.delivery_count;
        attempt->is_sent[i] = address(attempt, &attempt->letters[i], &attributes[*count], &deliveries[*count],
                                      &err);
        if (attempt->is_sent[i])
            (*count)++;
        else
            count_failure(attempt, &attempt->letters[i], &err);
    }
    if (attempt->condition == RETRY_NOT_OVER) {
        int64_t delay_us = attempt->due_us - now_us(attempt);
        settlement.action = QUEUE_RELEASE;
        settlement.delay_ms = delay_us > 0 ? (delay_us + 999) / 1000 : 0;
        settlement.mark = event_mark(&attempt->event);
    }
    if (!queue_settle(*attempt->queue, &settlement, 1, on_settled, attempt, &err))
        attempt->context->unsettled(attempt, &err);
    for (size_t i = 0; i < attempt->letter_count; i++)
        buf_done(&attributes[i]);
}

/* ---- outcomes ---- */

/* The function, version or alias is gone, and with it whoever would want to know. */
static void drop(struct attempt *attempt) {
    attempt->context->totals.orphaned++;
    log_info("async.orphaned", "function=%s qualifier=%s request_id=%s", attempt->name,
             attempt->event.qualifier, attempt->event.request_id);
    attempt->condition = RETRY_SUCCESS; /* over: nothing else is to be done */
    attempt_settle(attempt);
}

static void try_again(struct attempt *attempt, int64_t due_us) {
    attempt->condition = RETRY_NOT_OVER;
    attempt->due_us = due_us;
    attempt_settle(attempt);
}

static void put_back(struct attempt *attempt, const struct async_target *target) {
    uint16_t spread;
    ident_random(&spread, sizeof spread);
    attempt->event.history.put_backs++;
    attempt->context->totals.put_back++;
    struct retry_decision decision = retry_after_put_back(attempt->context->delays, &target->policy,
                                                          &attempt->event.history, now_us(attempt), spread);
    if (decision.condition == RETRY_NOT_OVER)
        try_again(attempt, decision.due_us);
    else
        conclude(attempt, target, decision.condition, NULL);
}

static void fail(struct attempt *attempt, const struct async_target *target,
                 const struct invoke_result *response) {
    attempt->event.history.errors++;
    attempt->event.history.put_backs = 0;
    struct retry_decision decision = retry_after_error(attempt->context->delays, &target->policy,
                                                       &attempt->event.history, now_us(attempt));
    if (decision.condition == RETRY_NOT_OVER) {
        attempt->context->totals.retried++;
        try_again(attempt, decision.due_us);
    } else {
        conclude(attempt, target, decision.condition, response);
    }
}

static void on_invoked(void *arg, const struct invoke_result *result) {
    struct attempt *attempt = arg;
    struct async_target target;
    bool could_run = result->outcome == INVOKE_DONE || result->outcome == INVOKE_FUNCTION_ERROR;
    attempt->context->ran(attempt, could_run);
    if (!could_run && attempt->context->is_stopping) {
        attempt->context->settled(attempt); /* it stays taken: the next start goes on with it */
        return;
    }
    if (!find(attempt, &target))
        drop(attempt);
    else if (!could_run)
        put_back(attempt, &target);
    else if (result->outcome == INVOKE_DONE)
        conclude(attempt, &target, RETRY_SUCCESS, result);
    else
        fail(attempt, &target, result);
    target_done(&target);
}

static void start(struct attempt *attempt, const struct function *function) {
    char arn[FUNCTION_ARN_BYTES];
    format_arn(attempt, attempt->event.qualifier, arn);
    const struct invoke_request request = {
        .function = function,
        .invoked_arn = arn,
        .qualifier = attempt->event.qualifier[0] ? attempt->event.qualifier : FUNCTION_LATEST,
        .request_id = attempt->event.request_id,
        .trace_id = attempt->event.trace_id,
        .payload = attempt->event.payload,
        .payload_len = attempt->event.payload_len,
        .is_event = true,
    };
    struct invocation *invocation;
    invoke_start(attempt->context->invoke, &request, on_invoked, attempt, &invocation);
}

/* Why the event is not to be run at all; RETRY_NOT_OVER when it is. */
static enum retry_condition find_obstacle(const struct attempt *attempt, const struct async_target *target) {
    if (target->has_no_concurrency)
        return RETRY_NO_CONCURRENCY;
    if (retry_is_too_old(&target->policy, &attempt->event.history, now_us(attempt)))
        return RETRY_TOO_OLD;
    bool goes_around = lineage_returns(attempt->event.trace_id) >= LINEAGE_MAX_RETURNS;
    return goes_around && target->stops_loops ? RETRY_RECURSIVE : RETRY_NOT_OVER;
}

void attempt_run(struct attempt *attempt) {
    struct attempt_context *context = attempt->context;
    struct async_target target;
    if (!find(attempt, &target)) {
        context->ran(attempt, true);
        drop(attempt);
        return;
    }
    attempt->function = function_ref(target.shown);
    enum retry_condition obstacle = find_obstacle(attempt, &target);
    if (obstacle != RETRY_NOT_OVER) {
        context->ran(attempt, true);
        conclude(attempt, &target, obstacle, NULL);
    } else if (target.runnable) {
        start(attempt, target.runnable);
    } else {
        context->ran(attempt, false);
        put_back(attempt, &target);
    }
    target_done(&target);
}
