/* See telemetry.h. Here are the subscriptions and what is kept for later ones; telemetry_request.c reads what
 * they want, telemetry_queue.c buffers, telemetry_delivery.c delivers. */
#include "invoke/telemetry.h"

#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/mem.h"
#include "invoke/telemetry_delivery.h"
#include "invoke/telemetry_queue.h"
#include "invoke/telemetry_request.h"
#include "sys/fd.h"

/* Each byte of a line may become an escape of six. */
#define EVENT_BYTES (6 * LIMIT_LOG_LINE_BYTES + 1024)

/* What the buffer for one event holds on to. */
#define EVENT_KEEP_BYTES (16u * 1024)

#define JSON_HEADER "Content-Type: application/json\r\n"

struct event {
    enum telemetry_source source;
    int64_t wall_us;
    const struct notice *notice; /* of the platform; NULL for a line */
    const char *text;
    size_t len;
};

/* An event of Init. */
struct kept {
    struct list link;
    struct event event;
    void *memory; /* the event's notice or text */
};

struct subscription {
    struct list link;
    struct list want_link; /* while it wants a socket */
    struct telemetry *telemetry;
    enum telemetry_api api;
    char *name; /* of the extension */
    struct telemetry_request request;
    struct telemetry_queue queue;
    struct telemetry_delivery delivery;
};

struct telemetry {
    struct loop *loop;
    const struct clock *clock;
    const struct notice_origin *origin;
    const struct telemetry_callbacks *callbacks;
    void *arg;
    struct list subscriptions;
    struct list wants; /* subscriptions in the order they asked for sockets */
    struct buf text;   /* of the event at hand */
    bool is_closed;
    bool is_paused;
    struct list kept;
    size_t kept_items;
    size_t kept_bytes;
    uint64_t unkept_records; /* for which there was no room */
    uint64_t unkept_bytes;
};

static struct subscription *subscription_of(struct list *link) {
    return list_item(link, struct subscription, link);
}

/* ---- events ---- */

static bool is_json_object(const char *text, size_t len) {
    size_t i = 0;
    while (i < len && (text[i] == ' ' || text[i] == '\t'))
        i++;
    return i < len && text[i] == '{' && json_check(text, len, NULL);
}

/* What a function writes as an object stays one, where its log is JSON and the subscriber expects it. */
static void append_line(struct telemetry *telemetry, const struct event *event, enum notice_schema schema) {
    bool may_be_object = event->source == TELEMETRY_FUNCTION && telemetry->origin->function->logs_json &&
                         schema >= NOTICE_TELEMETRY_2022_12_13;
    struct buf *buf = &telemetry->text;
    char time[CLOCK_TEXT_BYTES];
    clock_format_iso(event->wall_us, time);
    struct json_writer writer;
    json_writer_init(&writer, buf);
    json_open_object(&writer);
    json_put_member(&writer, "time", time);
    json_put_member(&writer, "type", event->source == TELEMETRY_FUNCTION ? "function" : "extension");
    json_key(&writer, "record");
    if (may_be_object && is_json_object(event->text, event->len)) {
        json_put_raw(&writer, event->text, event->len);
    } else {
        json_put_string_bytes(&writer, event->text, event->len);
        buf->len--; /* the quote comes behind the newline */
        buf_append_text(buf, "\\n\"");
    }
    json_close_object(&writer);
    /* An object may have them between its members; events are separated by them. */
    for (char *at = buf->data; (at = memchr(at, '\n', (size_t)(buf->data + buf->len - at)));)
        *at = ' ';
}

/* Nothing when the schema has no such event. */
static void render(struct telemetry *telemetry, const struct event *event, enum notice_schema schema) {
    buf_clear(&telemetry->text);
    if (event->notice)
        notice_append_event(event->notice, telemetry->origin, schema, event->wall_us, &telemetry->text);
    else
        append_line(telemetry, event, schema);
}

/* ---- subscriptions ---- */

static bool wants(const struct subscription *subscription, enum telemetry_source source) {
    return subscription->request.sources & 1u << source;
}

/* Tells what was dropped, once there is room to tell it. */
static void tell_dropped(struct subscription *subscription) {
    struct telemetry *telemetry = subscription->telemetry;
    struct telemetry_queue *queue = &subscription->queue;
    if (queue->dropped_records == 0 || !wants(subscription, TELEMETRY_PLATFORM) ||
        !telemetry_queue_has_room(queue))
        return;
    struct notice notice = {
        .kind = NOTICE_LOGS_DROPPED,
        .dropped_records = queue->dropped_records,
        .dropped_bytes = queue->dropped_bytes,
        .reason = "Consumer seems to have fallen behind as it has not acknowledged receipt of logs.",
    };
    struct event event = {.notice = &notice, .wall_us = clock_wall_us(telemetry->clock)};
    render(telemetry, &event, subscription->request.schema);
    queue->dropped_records = 0;
    queue->dropped_bytes = 0;
    telemetry_queue_add(queue, telemetry->text.data, telemetry->text.len, clock_mono_us(telemetry->clock));
}

static void add_event(struct subscription *subscription, const struct event *event) {
    struct telemetry *telemetry = subscription->telemetry;
    if (!wants(subscription, event->source))
        return;
    tell_dropped(subscription);
    render(telemetry, event, subscription->request.schema);
    if (!buf_ok(&telemetry->text))
        telemetry_queue_count_drop(&subscription->queue, event->len);
    else if (telemetry->text.len > 0)
        telemetry_queue_add(&subscription->queue, telemetry->text.data, telemetry->text.len,
                            clock_mono_us(telemetry->clock));
    telemetry_delivery_advance(&subscription->delivery);
}

static void on_want_socket(void *arg) {
    struct subscription *subscription = arg;
    struct telemetry *telemetry = subscription->telemetry;
    list_push_back(&telemetry->wants, &subscription->want_link);
    telemetry->callbacks->want_socket(telemetry->arg);
}

static void on_relieved(void *arg) {
    struct subscription *subscription = arg;
    if (subscription->queue.dropped_records == 0)
        return;
    tell_dropped(subscription);
    telemetry_queue_flush(&subscription->queue);
}

static struct subscription *subscription_new(struct telemetry *telemetry, enum telemetry_api api,
                                             const char *name, const struct telemetry_request *request) {
    static const struct telemetry_delivery_events events = {
        .want_socket = on_want_socket,
        .relieved = on_relieved,
    };
    struct subscription *subscription = mem_alloc(sizeof *subscription);
    subscription->telemetry = telemetry;
    subscription->api = api;
    subscription->name = mem_text(name);
    subscription->request = *request;
    list_init(&subscription->want_link);
    list_push_back(&telemetry->subscriptions, &subscription->link);
    telemetry_queue_init(&subscription->queue, &request->limits);
    telemetry_delivery_init(&subscription->delivery, telemetry->loop, telemetry->clock, &subscription->queue,
                            &subscription->request.destination, &events, subscription);
    telemetry_delivery_pause(&subscription->delivery, telemetry->is_paused);
    return subscription;
}

static void subscription_free(struct subscription *subscription) {
    list_remove(&subscription->link);
    list_remove(&subscription->want_link);
    telemetry_delivery_done(&subscription->delivery);
    telemetry_queue_done(&subscription->queue);
    telemetry_request_done(&subscription->request);
    free(subscription->name);
    free(subscription);
}

static void subscription_replace(struct subscription *subscription, const struct telemetry_request *request) {
    telemetry_request_done(&subscription->request);
    subscription->request = *request;
    subscription->queue.limits = request->limits;
    telemetry_delivery_redirect(&subscription->delivery);
}

static struct subscription *find_subscription(const struct telemetry *telemetry, const char *name) {
    list_each (link, &telemetry->subscriptions)
        if (strcmp(subscription_of(link)->name, name) == 0)
            return subscription_of(link);
    return NULL;
}

/* ---- what is kept for later ones ---- */

static void forget_kept(struct telemetry *telemetry) {
    list_each (link, &telemetry->kept) {
        struct kept *kept = list_item(link, struct kept, link);
        list_remove(link);
        free(kept->memory);
        free(kept);
    }
    telemetry->kept_items = 0;
    telemetry->kept_bytes = 0;
    telemetry->unkept_records = 0;
    telemetry->unkept_bytes = 0;
}

static void keep(struct telemetry *telemetry, const struct event *event) {
    size_t size_bytes = event->len;
    void *memory = event->notice ? (void *)notice_copy(event->notice, &size_bytes) : NULL;
    if (telemetry->kept_items == LIMIT_TELEMETRY_KEPT_ITEMS ||
        telemetry->kept_bytes + size_bytes > LIMIT_TELEMETRY_KEPT_BYTES) {
        free(memory);
        telemetry->unkept_records++;
        telemetry->unkept_bytes += size_bytes;
        return;
    }
    struct kept *kept = mem_alloc(sizeof *kept);
    kept->event = *event;
    kept->memory = memory ? memory : mem_copy(event->text, event->len);
    if (event->notice)
        kept->event.notice = kept->memory;
    else
        kept->event.text = kept->memory;
    telemetry->kept_items++;
    telemetry->kept_bytes += size_bytes;
    list_push_back(&telemetry->kept, &kept->link);
}

static void replay(struct telemetry *telemetry, struct subscription *subscription) {
    list_each (link, &telemetry->kept)
        add_event(subscription, &list_item(link, struct kept, link)->event);
    subscription->queue.dropped_records += telemetry->unkept_records;
    subscription->queue.dropped_bytes += telemetry->unkept_bytes;
}

static void publish(struct telemetry *telemetry, const struct event *event) {
    if (!telemetry->is_closed)
        keep(telemetry, event);
    list_each (link, &telemetry->subscriptions)
        add_event(subscription_of(link), event);
    buf_shrink(&telemetry->text, EVENT_KEEP_BYTES);
}

/* ---- interface ---- */

struct telemetry *telemetry_new(struct loop *loop, const struct clock *clock,
                                const struct notice_origin *origin,
                                const struct telemetry_callbacks *callbacks, void *arg) {
    struct telemetry *telemetry = mem_alloc(sizeof *telemetry);
    telemetry->loop = loop;
    telemetry->clock = clock;
    telemetry->origin = origin;
    telemetry->callbacks = callbacks;
    telemetry->arg = arg;
    list_init(&telemetry->subscriptions);
    list_init(&telemetry->wants);
    list_init(&telemetry->kept);
    buf_init(&telemetry->text, EVENT_BYTES);
    return telemetry;
}

void telemetry_free(struct telemetry *telemetry) {
    if (!telemetry)
        return;
    forget_kept(telemetry);
    list_each (link, &telemetry->subscriptions)
        subscription_free(subscription_of(link));
    buf_done(&telemetry->text);
    free(telemetry);
}

static void answer_refusal(struct http_exchange *exchange, const struct telemetry_refusal *refusal) {
    OWN(buf) struct buf body;
    buf_init(&body, 8 * sizeof *refusal);
    struct json_writer writer;
    json_writer_init(&writer, &body);
    json_open_object(&writer);
    json_put_member(&writer, "errorMessage", refusal->message);
    json_put_member(&writer, "errorType", refusal->type);
    json_close_object(&writer);
    buf_append_byte(&body, '\n');
    http_respond(exchange, refusal->status, JSON_HEADER, body.data, body.len);
}

/* Extensions of an earlier Init may have had other names. All that are registered now can subscribe: who did
 * longest ago is none of them. */
static void make_place(struct telemetry *telemetry) {
    size_t count = 0;
    list_each (link, &telemetry->subscriptions)
        count++;
    if (count == LIMIT_EXTENSIONS)
        subscription_free(subscription_of(telemetry->subscriptions.next));
}

/* Makes or changes the subscription, which takes the request. True when it is there already. */
static bool accept_request(struct telemetry *telemetry, enum telemetry_api api, const char *extension_name,
                           struct subscription *subscription, struct telemetry_request *request) {
    if (!subscription) {
        make_place(telemetry);
        replay(telemetry, subscription_new(telemetry, api, extension_name, request));
        return false;
    }
    list_remove(&subscription->link);
    list_push_back(&telemetry->subscriptions, &subscription->link);
    if (telemetry_request_equals(&subscription->request, request)) {
        telemetry_request_done(request);
        return true;
    }
    subscription_replace(subscription, request);
    return false;
}

void telemetry_subscribe(struct telemetry *telemetry, enum telemetry_api api, const char *extension_name,
                         struct http_exchange *exchange) {
    struct http_text body = http_exchange_request(exchange)->body;
    struct subscription *subscription = find_subscription(telemetry, extension_name);
    struct telemetry_request request;
    struct telemetry_refusal refusal;
    bool is_other = subscription && subscription->api != api;
    if (telemetry->is_closed)
        telemetry_refuse_closed(api, &refusal);
    else if (is_other)
        telemetry_refuse_other(api, extension_name, &refusal);
    if (telemetry->is_closed || is_other ||
        !telemetry_request_parse(api, body.data, body.len, &request, &refusal)) {
        answer_refusal(exchange, &refusal);
        return;
    }
    struct notice notice = {
        .kind = api == LOGS_API ? NOTICE_LOGS_SUBSCRIPTION : NOTICE_TELEMETRY_SUBSCRIPTION,
        .name = extension_name,
        .words = {request.words[0], request.words[1], request.words[2]},
        .word_count = request.word_count,
    };
    bool is_repeated = accept_request(telemetry, api, extension_name, subscription, &request);
    notice.state = is_repeated ? "Already subscribed" : "Subscribed";
    const char *answer = is_repeated ? "\"AlreadySubscribed\"" : "\"OK\"";
    http_respond(exchange, 200, JSON_HEADER, answer, strlen(answer));
    telemetry->callbacks->subscribed(telemetry->arg, &notice);
}

void telemetry_close(struct telemetry *telemetry) {
    telemetry->is_closed = true;
    forget_kept(telemetry);
}

void telemetry_reopen(struct telemetry *telemetry) {
    telemetry->is_closed = false;
}

bool telemetry_is_wanted(const struct telemetry *telemetry) {
    return !telemetry->is_closed || !list_is_empty(&telemetry->subscriptions);
}

void telemetry_notice(struct telemetry *telemetry, const struct notice *notice, int64_t wall_us) {
    publish(telemetry, &(struct event){.source = TELEMETRY_PLATFORM, .wall_us = wall_us, .notice = notice});
}

void telemetry_line(struct telemetry *telemetry, enum telemetry_source source, const char *text, size_t len,
                    int64_t wall_us) {
    publish(telemetry, &(struct event){.source = source, .wall_us = wall_us, .text = text, .len = len});
}

void telemetry_give_socket(struct telemetry *telemetry, int fd) {
    if (list_is_empty(&telemetry->wants)) {
        fd_close(&fd);
        return;
    }
    struct list *link = telemetry->wants.next;
    list_remove(link);
    telemetry_delivery_give_socket(&list_item(link, struct subscription, want_link)->delivery, fd);
}

void telemetry_pause(struct telemetry *telemetry, bool is_paused) {
    telemetry->is_paused = is_paused;
    list_each (link, &telemetry->subscriptions)
        telemetry_delivery_pause(&subscription_of(link)->delivery, is_paused);
}

void telemetry_flush(struct telemetry *telemetry) {
    list_each (link, &telemetry->subscriptions)
        telemetry_delivery_flush(&subscription_of(link)->delivery);
}

bool telemetry_is_settled(const struct telemetry *telemetry) {
    list_each (link, &telemetry->subscriptions)
        if (!telemetry_delivery_is_settled(&subscription_of(link)->delivery))
            return false;
    return true;
}
