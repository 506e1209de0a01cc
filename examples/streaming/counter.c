/* Server-sent events: counts to ten, one number a second, each on its way as soon as it is known. */
#include <lamb.h>

#include <stdlib.h>
#include <time.h>

static void count(const struct lamb_event *event, const struct lamb_context *context,
                  struct lamb_response *response, void *user) {
    static const struct lamb_header headers[] = {
        {"Content-Type", "text/event-stream"},
        {"Cache-Control", "no-cache"},
        {NULL, NULL},
    };
    (void)event;
    (void)context;
    const struct timespec *pause = user;
    lamb_stream_http(response, 200, headers);
    for (int number = 1; number <= 10 && lamb_stream_printf(response, "data: %d\n\n", number); number++)
        nanosleep(pause, NULL);
}

int main(void) {
    const char *text = getenv("PAUSE_MS");
    long pause_ms = text == NULL ? 1000 : strtol(text, NULL, 10);
    struct timespec pause = {.tv_sec = pause_ms / 1000, .tv_nsec = pause_ms % 1000 * 1000000};
    return lamb_run(count, &pause);
}
