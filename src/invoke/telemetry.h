/* The Telemetry API and the Logs API of one environment: extensions subscribe, and what the platform, the
 * function and other extensions tell is delivered to them in batches, over HTTP or TCP inside the sandbox.
 * Knows nothing of phases; the environment says when subscribing is over, when it is frozen, and when all
 * must leave at once. Source: Lambda Developer Guide, "Telemetry API reference" and "Using the Lambda Logs
 * API".
 *
 * Each subscription gets each event once, in order. Memory is bounded: what a subscriber does not take in
 * time is dropped, counted, and told as platform.logsDropped. Until telemetry_close() events are kept for
 * subscribers that come later. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "http/server.h"
#include "invoke/notice.h"
#include "invoke/telemetry_kinds.h"
#include "sys/loop.h"

struct telemetry;

struct telemetry_callbacks {
    /* A non-blocking TCP socket of the sandbox's network namespace is needed. Each call is answered by one
     * telemetry_give_socket(), now or later, in order. */
    void (*want_socket)(void *arg);

    /* platform.telemetrySubscription or platform.logsSubscription: the receiver tells it with
     * telemetry_notice(), and its log too. The notice is valid during the call. */
    void (*subscribed)(void *arg, const struct notice *notice);
};

/* Everything is borrowed and must outlive it. */
struct telemetry *telemetry_new(struct loop *loop, const struct clock *clock,
                                const struct notice_origin *origin,
                                const struct telemetry_callbacks *callbacks, void *arg);
void telemetry_free(struct telemetry *telemetry); /* what is not delivered is lost; NULL is fine */

/* Answers the PUT of a subscription; the extension is the one that its identifier names. The same
 * subscription once more changes nothing; another one of the same extension replaces it. */
void telemetry_subscribe(struct telemetry *telemetry, enum telemetry_api api, const char *extension_name,
                         struct http_exchange *exchange);

/* Init is over: later subscriptions are refused, and what was kept for them is forgotten. */
void telemetry_close(struct telemetry *telemetry);

/* Another Init begins in the same environment: extensions may subscribe again. Who did keeps its
 * subscription, and gets what it misses until then as far as it is bounded; of more than LIMIT_EXTENSIONS
 * those that were made or repeated last. */
void telemetry_reopen(struct telemetry *telemetry);

/* False once nobody can want anything of it any more: it may be freed. */
bool telemetry_is_wanted(const struct telemetry *telemetry);

void telemetry_notice(struct telemetry *telemetry, const struct notice *notice, int64_t wall_us);

/* One line without its newline, of at most LIMIT_LOG_LINE_BYTES. Not of the platform: those are notices. */
void telemetry_line(struct telemetry *telemetry, enum telemetry_source source, const char *text, size_t len,
                    int64_t wall_us);

/* Takes the socket, which is not connected yet; -1 when there is none to be had. */
void telemetry_give_socket(struct telemetry *telemetry, int fd);

/* While it is paused (the environment is frozen) nothing is sent and no time passes for the consumers.
 * Batches whose time came meanwhile leave at once afterwards. */
void telemetry_pause(struct telemetry *telemetry, bool is_paused);

/* Sends everything that is buffered now. */
void telemetry_flush(struct telemetry *telemetry);

/* Nothing is buffered or on its way. */
bool telemetry_is_settled(const struct telemetry *telemetry);
