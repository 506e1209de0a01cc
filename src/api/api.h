/* The AWS API on one port: what every operation can reach. Made by daemon/assemble.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "api/keys.h"
#include "api/options.h"
#include "base/clock.h"
#include "http/server.h"
#include "invoke/invoke.h"
#include "store/db.h"
#include "sys/loop.h"
#include "sys/work_lane.h"

struct api;
struct async;
struct queues;

/* Reads keys and functions through the (already open) database, makes the root key when there is none, cleans
 * what no function uses, and resumes what was Pending or InProgress. Blocks: start-up. `db` is used on `lane`
 * alone afterwards. */
bool api_new(struct loop *loop, const struct clock *clock, const struct api_options *options, struct db *db,
             struct work_lane *lane, struct invoke *invoke, struct queues *queues, struct api **ret_api,
             struct err *err);

/* Asynchronous invocation, which is started with this. NULL before it is freed. */
void api_use_async(struct api *api, struct async *async);

/* For the front's listener: the handler, and what it is given as `arg`. */
const struct http_handler *api_http_handler(void);
void *api_http_arg(struct api *api);

/* The listeners that were made with these, NULL-terminated, for the metrics; NULL before they are freed. */
void api_set_listeners(struct api *api, const struct http_listener *const *listeners);

/* The root access key of an account of the options: for `lamb env`. */
bool api_root_key(const struct api *api, const char *account, struct access_key *ret_key);

/* Calls that were not answered yet and background work (state changes, removal of code) that has not
 * finished: zero before api_free(). */
size_t api_pending(const struct api *api);

/* Calls that wait for something to come are answered with nothing, and later ones don't wait. */
void api_drain(struct api *api);

void api_free(struct api *api); /* NULL is fine */
