/* Answers every event with itself: the least that a function can do, and what its invocation costs. */
#include <lamb.h>

static void echo(const struct lamb_event *event, const struct lamb_context *context,
                 struct lamb_response *response, void *user) {
    (void)context;
    (void)user;
    lamb_respond(response, event->data, event->size);
}

int main(void) {
    return lamb_run(echo, NULL);
}
