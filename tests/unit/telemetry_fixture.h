/* Telemetry of one environment with a fake clock, a listener where extensions subscribe, and extensions that
 * play consumers on the loopback, good ones and bad ones. One test at a time:
 * all of it is global. */
#pragma once

#include "base/mem.h"
#include "http_client_fixture.h"
#include "invoke/telemetry.h"

#define CONSUMERS 3

enum manners {
    ANSWERS,     /* 200, and keeps the connection */
    ANSWERS_1_0, /* HTTP/1.0: closes it */
    SAYS_CLOSE,  /* and leaves that to us */
    REFUSES,     /* 500 */
    BABBLES,     /* no HTTP */
    FLOODS,      /* a response without end */
    LEAVES,      /* closes when the request is there */
    HANGS,       /* reads and says nothing */
    STARES,      /* does not even read */
};

struct consumer {
    int listen_fd;
    uint16_t port;
    int fd;
    enum manners manners;
    bool is_raw; /* TCP: all bytes are events */
    struct buf input;
    struct buf head; /* of the last request */
    struct buf got;  /* the events of all batches that were taken, a newline behind each batch */
    int connections;
    int requests;
    int taken;
};

extern struct fixture server;
extern struct telemetry *telemetry;
extern struct function *function;
extern struct notice_origin origin;
extern struct consumer consumers[CONSUMERS];
extern int sockets_wanted;
extern int sockets_refused;   /* so many of the next are not to be had */
extern bool are_sockets_late; /* the test gives them */
extern int send_buffer_bytes; /* of them; 0: as usual */
extern enum notice_kind last_subscription;

/* A socket as the sandbox would give one. */
int socket_new(void);
void consumer_hang_up(struct consumer *consumer);
void consumer_say(struct consumer *consumer, const char *text);

/* Takes, reads and answers what is there. */
void consumer_step(struct consumer *consumer);

/* One turn of the loop and of all consumers. */
void pump(void);
void pump_some(void);

/* Lets time go by. */
void pass(int64_t ms);

/* Sends the subscription of an extension; asserts status and body of the answer. */
void subscribe_as(const char *name, const char *path, const char *body, int status, const char *answer);
char *http_body(const char *types, const char *buffering, uint16_t port);

/* Members of `types` and `buffering` as JSON; to the consumer of that number. */
void subscribe(const char *name, const char *types, const char *buffering, int consumer);
void subscribe_tcp(const char *name, const char *types, const char *buffering, int consumer);

/* The function writes a line. */
void write_line(const char *text);

/* What that consumer took. */
const char *got(int consumer);

/* strstr(), which under a sanitizer looks at the whole text each time. */
const char *find(const char *text, const char *part);

/* How often a part is in a text. */
int count_in(const char *text, const char *part);

int set_up(void **state);
int tear_down(void **state);

#define pump_until(condition)                                                                                \
    do {                                                                                                     \
        for (time_t end_ = time(NULL) + PATIENCE_S; !(condition) && time(NULL) < end_;)                      \
            pump();                                                                                          \
        assert_true(condition);                                                                              \
    } while (0)

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
