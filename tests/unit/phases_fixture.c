/* See phases_fixture.h. */
#include "phases_fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/fd.h"
#include "timer_fake.h"

#define LAYER "1111111111111111111111111111111111111111111111111111111111111111"

void pass(int64_t ms) {
    pass_time(ms, &clock_ahead_us);
}

void turn_a_bit(void) {
    for (int i = 0; i < 10; i++)
        loop_turn(loop, false);
}

void send_to(const struct extension *extension, const char *method, const char *path, const char *headers,
             const char *body) {
    OWN_MEM char *text = mem_format("%s %s HTTP/1.1\r\nHost: h\r\n%s"
                                    "Lambda-Extension-Identifier: %s\r\nContent-Length: %zu\r\n\r\n%s",
                                    method, path, headers, extension->id, strlen(body), body);
    assert_int_equal(send(extension->client.sock, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

void send_request(const struct extension *extension, const char *method, const char *what,
                  const char *headers, const char *body) {
    OWN_MEM char *path = mem_format("/2020-01-01/extension/%s", what);
    send_to(extension, method, path, headers, body);
}

struct extension ask_to_join(uint64_t id, const char *name, const char *events) {
    struct extension extension = {.client = connect_to(id, -1), .id = "-"};
    OWN_MEM char *headers = mem_format("Lambda-Extension-Name: %s\r\n", name);
    OWN_MEM char *body = mem_format("{\"events\":[%s]}", events);
    send_request(&extension, "POST", "register", headers, body);
    return extension;
}

struct extension join(uint64_t id, const char *name, const char *events) {
    struct extension extension = ask_to_join(id, name, events);
    const char *answer = read_answer(&extension.client);
    const char *found = strstr(answer, "Lambda-Extension-Identifier: ");
    assert_non_null(found);
    snprintf(extension.id, sizeof extension.id, "%.36s", found + strlen("Lambda-Extension-Identifier: "));
    return extension;
}

void ask_event(const struct extension *extension) {
    send_request(extension, "GET", "event/next", "", "");
    turn_a_bit();
}

bool has_event(const struct extension *extension, const char *text) {
    return strstr(read_answer(&extension->client), text) != NULL;
}

void leave(struct extension *extension) {
    fd_close(&extension->client.sock);
}

void add_extensions(const char *first, const char *second) {
    const struct function_layer layer = {.arn = "arn:1", .digest = LAYER};
    function_set_layers(function, &layer, 1);
    add_file(LAYER "/extensions", first, 0755);
    if (second)
        add_file(LAYER "/extensions", second, 0755);
}

struct runtime start_with_internal(struct extension *ret_extension, const char *events) {
    struct runtime runtime = start_sandbox(1);
    *ret_extension = join(1, "internal", events);
    ask_event(ret_extension);
    ask_next(&runtime);
    read_answer(&runtime);
    return runtime;
}

struct runtime serve_with_external(struct extension *ret_extension, const char *events) {
    add_extensions("one", NULL);
    call(0);
    struct runtime first = start_sandbox(1);
    assert_string_equal(launched.program, "/opt/extensions/one");
    assert_int_equal(runs[1], 0);
    *ret_extension = join(1, "one", events);
    turn_until(runs[1] == 1);
    assert_string_equal(launched.program, "/var/task/bootstrap");
    struct runtime runtime = again(1);
    turn_a_bit();
    assert_false(is_readable(&runtime)); /* Init waits for the extension */
    ask_event(ret_extension);
    read_answer(&runtime);
    respond(&runtime, &callers[0], "0");
    read_answer(&runtime);
    ask_next(&runtime);
    if (strstr(events, "INVOKE")) {
        read_answer(&ret_extension->client);
        ask_event(ret_extension);
    }
    turn_until(count_idle() == 1);
    fd_close(&first.sock);
    fd_close(&first.output);
    return runtime;
}
