/* The function the benchmarks call: answers its event. With SLEEP_MS in its environment it sleeps that long
 * first, so that calls made together need an environment each. */
#include <lamb.h>

#include <stdlib.h>
#include <time.h>

static void echo(const struct lamb_event *event, const struct lamb_context *context,
                 struct lamb_response *response, void *user) {
    (void)context;
    const struct timespec *pause = user;
    if (pause->tv_sec != 0 || pause->tv_nsec != 0)
        nanosleep(pause, NULL);
    lamb_respond(response, event->data, event->size);
}

int main(void) {
    const char *text = getenv("SLEEP_MS");
    long sleep_ms = text ? atol(text) : 0;
    struct timespec pause = {.tv_sec = sleep_ms / 1000, .tv_nsec = sleep_ms % 1000 * 1000000};
    return lamb_run(echo, &pause);
}
