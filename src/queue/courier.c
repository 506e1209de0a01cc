/* See courier.h. Each configured service has a queue, a receive that waits, and a few requests at once. A
 * service that does not answer holds up its own letters alone. */
#include "queue/courier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/client.h"
#include "sys/work.h"

#define KEY_PREFIX "deliver/"
#define KEY_BYTES 32
#define AT_ONCE 4
#define TIMEOUT_MS 10000
#define ANSWER_BYTES 65536

/* Much longer than a request may take. */
#define LEASE_MS 600000
#define RECEIVE_WAIT_MS 20000

struct round {
    struct courier *courier;
    enum courier_service service;
    struct queue *queue;
    struct queue_receive *receive;
    size_t busy; /* requests under way */
};

struct courier {
    struct loop *loop;
    const struct clock *clock;
    const struct courier_options *options;
    struct async_totals *totals;
    struct round rounds[COURIER_SERVICES];
    bool is_stopped;
};

/* One request: a job. */
struct delivery {
    struct round *round;
    struct queue_receipt receipt;
    struct letter letter;
    struct courier_request request;
    const struct courier_endpoint *endpoint;
    bool is_delivered;
    struct err err;
};

static const struct courier_endpoint *endpoint_of(const struct round *round) {
    return &round->courier->options->endpoints[round->service];
}

static void delivery_free(struct delivery *delivery) {
    letter_done(&delivery->letter);
    courier_request_done(&delivery->request);
    free(delivery);
}

/* ---- one delivery ---- */

static void look(struct round *round);

static void run(void *job) {
    struct delivery *delivery = job;
    struct courier_request *request = &delivery->request;
    bool has_own_body = request->body.len > 0;
    const struct http_client_request call = {
        .method = request->method,
        .url = request->url,
        .content_type = request->content_type,
        .target = request->target,
        .sign_service = courier_service_name(request->service),
        .sign_region = request->region,
        .sign_access_key = delivery->endpoint->access_key,
        .sign_secret = delivery->endpoint->secret_key,
        .body = has_own_body ? request->body.data : delivery->letter.body,
        .body_len = has_own_body ? request->body.len : delivery->letter.body_len,
        .timeout_ms = TIMEOUT_MS,
    };
    OWN(buf) struct buf answer;
    buf_init(&answer, ANSWER_BYTES);
    int status = 0;
    delivery->is_delivered = http_client_run(&call, &status, &answer, &delivery->err) &&
                             courier_request_check(request, status, &answer, &delivery->err);
}

static void count_failure(struct courier *courier, const struct delivery *delivery) {
    const struct letter *letter = &delivery->letter;
    if (letter_is_dead(letter))
        courier->totals->dead_letter_failures++;
    else
        courier->totals->record_failures++;
    log_warn("async.delivery_failed",
             "function=%s request_id=%s to=%s dead_letter=%s tries=%lld error=\"%s\"", letter->function_arn,
             letter->request_id, letter->to, letter_is_dead(letter) ? "yes" : "no",
             (long long)delivery->receipt.receives, delivery->err.text);
}

/* What could not be written is delivered again after the lease. */
static void on_settled(void *arg, const enum queue_outcome *outcomes, size_t count, const struct err *err) {
    (void)arg, (void)outcomes, (void)count;
    if (err)
        log_error("async.not_written", "error=\"%s\"", err->text);
}

static void done(void *job) {
    struct delivery *delivery = job;
    struct round *round = delivery->round;
    struct courier *courier = round->courier;
    struct queue_settlement settlement = {.receipt = delivery->receipt, .action = QUEUE_REMOVE};
    int64_t tries = delivery->receipt.receives;
    round->busy--;
    if (!delivery->is_delivered && tries < LIMIT_LETTER_TRIES) {
        settlement.action = QUEUE_RELEASE;
        settlement.delay_ms = courier->options->retry_ms << (tries - 1);
    } else if (!delivery->is_delivered) {
        count_failure(courier, delivery);
    }
    if (!queue_settle(round->queue, &settlement, 1, on_settled, NULL, &delivery->err))
        log_error("async.not_written", "error=\"%s\"", delivery->err.text);
    delivery_free(delivery);
    look(round);
}

static void begin(struct round *round, const struct queue_message *message) {
    struct courier *courier = round->courier;
    struct delivery *delivery = mem_alloc(sizeof *delivery);
    delivery->round = round;
    delivery->receipt = message->receipt;
    delivery->endpoint = endpoint_of(round);
    if (!letter_read(message->attributes, message->attributes_len, message->body, message->body_len,
                     &delivery->letter, &delivery->err)) {
        const struct queue_settlement settlement = {.receipt = message->receipt, .action = QUEUE_REMOVE};
        log_error("async.unreadable", "service=%s error=\"%s\"", courier_service_name(round->service),
                  delivery->err.text);
        queue_settle(round->queue, &settlement, 1, on_settled, NULL, NULL);
        free(delivery);
        return;
    }
    courier_request_init(&delivery->request, &delivery->letter, delivery->endpoint->url,
                         courier->options->region, clock_wall_us(courier->clock));
    round->busy++;
    work_run(courier->loop, run, done, delivery);
}

/* ---- rounds ---- */

static void on_received(void *arg, const struct queue_message *messages, size_t count,
                        const struct err *err) {
    struct round *round = arg;
    round->receive = NULL;
    for (size_t i = 0; !err && i < count; i++)
        begin(round, &messages[i]);
    if (!err || err->code != ERR_CLOSED)
        look(round);
}

static void look(struct round *round) {
    if (!round->queue || round->courier->is_stopped || round->receive || round->busy >= AT_ONCE)
        return;
    round->receive = queue_receive(round->queue, AT_ONCE - round->busy, LEASE_MS, RECEIVE_WAIT_MS,
                                   on_received, round, NULL);
}

bool courier_queue(const struct courier *courier, const char *arn, struct queue **ret_queue,
                   struct err *err) {
    enum courier_service service;
    if (!courier_service_of(arn, &service))
        return err_set(err, ERR_UNSUPPORTED, "Lamb can't send to %s", arn);
    const char *name = courier_service_name(service);
    if (!courier->rounds[service].queue)
        return err_set(err, ERR_UNSUPPORTED,
                       "there is no %s here, and the setting %s-endpoint that would lead to it is not set",
                       arn, name);
    *ret_queue = courier->rounds[service].queue;
    return true;
}

/* ---- life ---- */

struct courier *courier_new(struct loop *loop, const struct clock *clock, struct queues *queues,
                            const struct courier_options *options, struct async_totals *totals) {
    struct courier *courier = mem_alloc(sizeof *courier);
    *courier = (struct courier){.loop = loop, .clock = clock, .options = options, .totals = totals};
    for (int i = 0; i < COURIER_SERVICES; i++) {
        struct round *round = &courier->rounds[i];
        *round = (struct round){.courier = courier, .service = (enum courier_service)i};
        char key[KEY_BYTES];
        snprintf(key, sizeof key, "%s%s", KEY_PREFIX, courier_service_name(round->service));
        if (endpoint_of(round)->url)
            round->queue = queues_get(queues, key);
    }
    return courier;
}

void courier_start(struct courier *courier) {
    struct err err;
    for (int i = 0; i < COURIER_SERVICES; i++) {
        struct round *round = &courier->rounds[i];
        if (round->queue && !queue_release_all(round->queue, &err))
            log_error("async.not_released", "service=%s error=\"%s\"", courier_service_name(round->service),
                      err.text);
        look(round);
    }
}

void courier_stop(struct courier *courier) {
    courier->is_stopped = true;
    for (int i = 0; i < COURIER_SERVICES; i++) {
        struct round *round = &courier->rounds[i];
        if (round->receive)
            queue_receive_cancel(take_ptr(round->receive));
    }
}

size_t courier_pending(const struct courier *courier) {
    size_t pending = 0;
    for (int i = 0; i < COURIER_SERVICES; i++)
        pending += courier->rounds[i].busy;
    return pending;
}

void courier_free(struct courier *courier) {
    free(courier);
}
