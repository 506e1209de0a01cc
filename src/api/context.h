/* What the files of this folder share: the state behind struct api. */
#pragma once

#include "api/auth.h"
#include "api/iam/identities.h"
#include "api/operation.h"
#include "api/options.h"
#include "api/records.h"
#include "api/request_totals.h"
#include "api/web/url_index.h"
#include "base/clock.h"
#include "http/server.h"
#include "invoke/invoke.h"
#include "store/db.h"
#include "sys/loop.h"
#include "sys/work_lane.h"

/* Calls kept for reuse, so that an invocation costs no allocation here. */
#define API_FREE_CALLS 64

struct api;
struct api_call;
struct async;
struct queues;
struct gateway;
struct lambda;
struct sqs;

/* A listener that the API is served on: the `arg` of its handler. */
struct api_front {
    struct api *api;
    bool is_in_sandbox; /* a function's own listener: signatures are required whatever the settings say */
};

struct api {
    struct loop *loop;
    const struct clock *clock;
    struct api_options options;
    struct db *db; /* on `lane` alone */
    struct work_lane *lane;
    struct invoke *invoke;
    struct queues *queues;
    struct records records;
    struct identities identities;
    struct web_urls urls;

    struct api_front front;          /* the port */
    struct api_front inner_front;    /* the listeners inside environments */
    struct http_budget inner_budget; /* of them all: bodies that arrive, and those that calls hold */
    struct auth auth;
    struct request_totals requests;
    const struct http_listener *const *listeners; /* NULL-terminated; NULL before there are any */
    int64_t started_us;                           /* wall clock */
    struct operation_tree *gateway_operations;
    struct operation_tree *lambda_operations;
    struct operation_tree *own_operations;
    struct gateway *gateway;
    struct lambda *lambda;
    struct sqs *sqs;
    struct async *async; /* NULL until api_use_async() */

    struct api_call *free_calls;
    size_t free_call_count;
    size_t live_calls;
    size_t background; /* work that no call waits for */
};
