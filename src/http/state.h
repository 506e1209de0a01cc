/* What the files of the server know of a connection and of the listener that accepted it; what they call of
 * each other is in connection.h. Nobody else includes either.
 *
 * Life of a connection:
 *   IDLE -> HEAD -> BEGIN -> BODY -> HANDLER -> (STREAM) -> (FLUSH) -> IDLE ... -> LINGER -> CLOSED
 * with PIECES instead of BODY when the handler takes the body as it arrives; it may answer in PIECES as in
 * HANDLER. A refused request goes from HEAD, BODY or PIECES to LINGER; any phase may go to CLOSED. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "http/parse.h"
#include "http/server.h"

/* Room for the longest header section, and behind it always some for a chunked body or pipelined requests. A
 * body that fits behind its header section stays there, so small requests are never copied. */
#define CONNECTION_BODY_ROOM_BYTES (16u * 1024)
#define CONNECTION_INPUT_BYTES (LIMIT_HTTP_HEADER_BYTES + CONNECTION_BODY_ROOM_BYTES)

/* How much one connection may read of a large body before others get their turn. */
#define CONNECTION_TURN_BYTES (1024u * 1024)

/* The same for pipelined requests, each of which takes two or three steps. */
#define CONNECTION_TURN_STEPS 64

/* Buffers larger than this are given back after a response. */
#define CONNECTION_KEEP_BYTES (64u * 1024)

/* Header sections of responses come from our own handlers; this catches one with a payload in a header. */
#define RESPONSE_HEAD_BYTES (256u * 1024)

/* Discarding input after an answer that came before its request was read: bytes for the rest of any upload
 * that was a little too large, and time, which bounds the cost. */
#define CONNECTION_LINGER_US 2000000
#define CONNECTION_LINGER_BYTES (128u * 1024 * 1024)

enum connection_phase {
    CONNECTION_IDLE,    /* no byte of a request yet */
    CONNECTION_HEAD,    /* a header section is arriving */
    CONNECTION_BEGIN,   /* the handler looks at the header section */
    CONNECTION_BODY,    /* a body is arriving */
    CONNECTION_PIECES,  /* a body is arriving, and the handler, which owns the exchange, gets it in pieces */
    CONNECTION_HANDLER, /* the handler owns the exchange */
    CONNECTION_STREAM,  /* the handler answers in pieces */
    CONNECTION_FLUSH,   /* answered; bytes wait for the client */
    CONNECTION_LINGER,  /* our side is shut; input is discarded, so that the client gets to read the answer */
    CONNECTION_CLOSED,  /* only memory is left */
};

struct http_exchange {
    struct parse parse;
    void *context;
    bool takes_pieces;    /* of its body */
    bool is_paused;       /* no pieces for now */
    bool is_body_missing; /* bytes of the body have not been read, so nothing can follow on this connection */
    bool closes;          /* the connection ends with this response */
    bool omits_body;      /* the response has none: HEAD, 204, 304 */
    bool is_chunked;      /* the streamed response is */
    bool ends_by_close;   /* the streamed response's end is the end of the connection (HTTP/1.0) */
    uint64_t bytes_to_come; /* of a streamed response with a length */
    void (*drained)(void *arg);
    void *drained_arg;
};

struct connection {
    struct http_exchange exchange;
    struct http_listener *listener;
    struct list link;     /* in listener->connections */
    struct list due_link; /* in listener->due */
    struct loop_watch *watch;
    int fd;
    struct tls_session *tls; /* NULL: plain */
    enum connection_phase phase;
    uint32_t holds;
    bool is_advancing;
    bool is_broken;   /* a write failed; the loop will find the end */
    bool is_blocked;  /* the socket takes no more for now */
    int64_t since_us; /* start of the phase or last progress in it */

    char *input;         /* never moves while a request points into it */
    size_t input_start;  /* of the present request */
    size_t input_parsed; /* end of what the parser has seen */
    size_t input_end;    /* end of what has arrived */
    size_t request_end;  /* end of the present request, once it is complete */
    bool is_body_apart;  /* the body goes to `body`, straight from the socket */
    size_t piece_start;  /* PIECES: end of what the handler got */
    size_t body_limit;   /* what begin() returned */
    struct buf body;
    struct buf output;
    size_t output_sent;
    size_t lingered_bytes;
    size_t charged_bytes; /* of the listener's budget, for the body of the present request */
};

struct http_listener {
    struct loop *loop;
    int fd;
    struct loop_watch *watch;
    const struct http_handler *handler;
    void *arg;
    struct http_options options;
    const struct clock *clock;

    struct list connections;
    struct list due; /* connections with something to do that must not happen inside their handler's call */
    size_t count, lingering;
    size_t charged_bytes; /* of the budget, by all connections */
    uint32_t holds;
    bool is_due_deferred;
    bool is_freed;
    bool is_draining;
    void (*closed)(void *arg);
    void *closed_arg;

    struct loop_timer *accept_timer; /* waits before accepting again */
    int64_t silent_until_us;         /* monotonic: of refused clients the log has heard */
    struct loop_timer *sweep_timer;
    struct list *sweep_at; /* next connection of a running sweep */
    int64_t sweep_ms;
    bool has_timeouts;
    bool is_sweeping;

    struct buf head; /* where responses' header sections are built */
    size_t common_headers_len;
    int64_t date_s; /* of date_line */
    char date_line[64];
};
