/* The registry of extensions behind a real listener, with the tests as the extensions, on loopback
 * sockets. */
#pragma once

#include "base/ident.h"
#include "base/limits.h"
#include "base/mem.h"
#include "http_client_fixture.h"
#include "invoke/extensions.h"

#define UNKNOWN_ID "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
#define ARN "arn:aws:lambda:eu-west-1:123456789012:function:my-func"
#define TRANSITION(from, to, who)                                                                            \
    "State transition from " from " to " to " failed for extension " who                                     \
    ". Error: State transition is not allowed"

struct play {
    struct fixture http; /* its loop and port alone */
    struct environment_api *api;
    struct function *function;
    struct extensions *extensions;
    int changed, failed;
    char failure[256]; /* "name fatal type (error type)" */
    bool frees;        /* the registry, when it tells something */
};

/* One extension: a connection, and the identifier that it was given. */
struct client {
    int fd;
    char id[IDENT_UUID_BYTES];
};

int setup(void **state);
int teardown(void **state);

/* Whole answers, which the caller frees. */
char *read_answer(struct play *play, const struct client *client);
char *ask(struct play *play, const struct client *client, const char *request, const char *headers,
          const char *body);
char *ask_register(struct play *play, const struct client *client, const char *name, const char *body);
char *post_error(struct play *play, const struct client *client, const char *phase, const char *type);

/* Registers on a new connection, which the caller closes. */
struct client join(struct play *play, const char *name, const char *body);
struct client join_external(struct play *play, const char *name, const char *body, uint32_t program);

/* Asks for the next event, and lets the registry know; an answer is not read. */
void ask_next(struct play *play, const struct client *client);
bool has_answer(struct play *play, const struct client *client);

/* A 403 of that type. */
void assert_refusal(const char *answer, const char *type, const char *message);

/* "name state [events] error type". */
void assert_line(const struct play *play, size_t index, const char *expected);

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
