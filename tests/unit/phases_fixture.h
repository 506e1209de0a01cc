/* Environments with extensions, on timers and a clock that the tests move. See invoke_fixture.h. */
#pragma once

#include "invoke_fixture.h"

struct extension {
    struct runtime client;
    char id[IDENT_UUID_BYTES];
};

void pass(int64_t ms);
void turn_a_bit(void);

void send_to(const struct extension *extension, const char *method, const char *path, const char *headers,
             const char *body);

/* To the Extensions API. */
void send_request(const struct extension *extension, const char *method, const char *what,
                  const char *headers, const char *body);
struct extension ask_to_join(uint64_t id, const char *name, const char *events);
struct extension join(uint64_t id, const char *name, const char *events);
void ask_event(const struct extension *extension);
bool has_event(const struct extension *extension, const char *text);
void leave(struct extension *extension);

/* The function has a layer with these extensions. */
void add_extensions(const char *first, const char *second);

/* A runtime and an internal extension, both waiting for the first event, which is theirs at once. */
struct runtime start_with_internal(struct extension *ret_extension, const char *events);

/* A runtime and an external extension, both idle after one call. */
struct runtime serve_with_external(struct extension *ret_extension, const char *events);
