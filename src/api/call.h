/* One request in work, from its arrival to its answer. Made by api/dispatch.c; once it was authenticated the
 * operation's handler owns it and ends it with exactly one of the answering functions, at once or after any
 * number of jobs. When the client goes away meanwhile the work goes on (a change that was begun is made), and
 * the answer is dropped. Loop thread only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/error.h"
#include "api/input.h"
#include "api/operation.h"
#include "api/principal.h"
#include "api/service.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/ident.h"
#include "http/server.h"

struct api;

#define API_CALL_SPACE_BYTES 320

struct api_call {
    struct api *api;
    struct http_exchange *exchange;     /* NULL once the client went away */
    const struct http_request *request; /* likewise */
    const struct api_service *service;  /* NULL until it is known */
    const struct principal *caller;     /* NULL until the signature was verified */
    struct principal principal;         /* what `caller` points to */
    struct operation_match match;       /* operation NULL: none has this method and path */
    struct input input;                 /* of operations that are not raw */
    char *body;                         /* when it was taken over: see call_take_body() */
    size_t body_len;
    size_t held_bytes;    /* of api->inner_budget, for the body */
    bool speaks_xml;      /* answers are XML, though neither service nor request tell */
    bool is_from_sandbox; /* came through an environment's own listener */
    char request_id[IDENT_UUID_BYTES];

    /* The handler's: small state that costs no allocation, zeroed at first. */
    _Alignas(max_align_t) unsigned char space[API_CALL_SPACE_BYTES];

    /* The handler's: called when the client goes away, in place of the default of working on. It must end the
     * call with call_free(), now or later. */
    void (*gone)(struct api_call *call);

    struct api_call *next_free;
};

struct api_call *call_new(struct api *api, struct http_exchange *exchange);

/* Ends a call without an answer: after `gone`, or when the handler answered through the exchange itself. */
void call_free(struct api_call *call);

/* The client went away. */
void call_gone(struct api_call *call);

/* The request's body as the caller's own, NUL-terminated memory. The request has none any more. */
char *call_take_body(struct api_call *call, size_t *ret_len);

/* The decoded text of a path label. ERR_VALIDATION when it is badly encoded or longer than `size`. */
bool call_label(const struct api_call *call, size_t index, char *text, size_t size, struct err *err);

/* A query parameter, "" when it was not sent. ERR_VALIDATION when it is badly encoded or too long. */
bool call_query(const struct api_call *call, const char *name, char *value, size_t size, struct err *err);

/* The operation's success status and a body in the service's format (JSON or XML). A body past its buffer's
 * limit is an internal failure. */
void call_answer(struct api_call *call, const struct buf *body);

/* Success without a body. */
void call_answer_empty(struct api_call *call);

/* An answer with header lines of the handler's own, in place of the usual ones. */
void call_answer_with(struct api_call *call, int status, const char *headers, const void *body, size_t len);

/* An answer in pieces, which the handler writes to call->exchange; call_end() is its end and the call's. Only
 * with a `gone` of the handler's own. */
void call_start(struct api_call *call, int status, const char *headers);
void call_end(struct api_call *call);

/* The exception that the failure's code stands for. Failures of the machine are logged and answered without
 * their text. */
void call_fail(struct api_call *call, const struct err *err);

/* An exception by name. */
void call_refuse(struct api_call *call, enum api_exception exception, const char *text);

/* 429 with the limit's name in Reason, and Retry-After. */
void call_throttle(struct api_call *call, const char *reason, uint32_t retry_after_s);
