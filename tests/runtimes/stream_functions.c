/* The functions of test_streams.py: _HANDLER names one of the handlers below. */
#include "lamb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNUSED __attribute__((unused))
#define HANDLER(name)                                                                                        \
    static void name(UNUSED const struct lamb_event *event, UNUSED const struct lamb_context *context,       \
                     struct lamb_response *response, UNUSED void *user)

#define PIECE_BYTES 65536u
#define PIECES 512

HANDLER(pieces) {
    bool had_type = lamb_set_content_type(response, "text/plain");
    lamb_stream_write(response, "one", 3);
    lamb_stream_write(response, "", 0);
    lamb_stream_printf(response, "%s", "t\xc3\xa9o");
    lamb_stream_write(response, "\0\r\n", 3);
    lamb_respond(response, "ignored", 7);
    if (!had_type || lamb_set_content_type(response, "text/html") || lamb_stream_http(response, 200, NULL))
        lamb_fail(response, "Function.Late", "what comes too late isn't refused");
}

/* Event: a FIFO. */
HANDLER(live) {
    char text[16] = "";
    lamb_stream_write(response, "first", 5);
    const char *path = lamb_printf(response, "%.*s", (int)event->size - 2, event->data + 1);
    FILE *fifo = fopen(path, "r");
    if (fifo == NULL || fgets(text, sizeof text, fifo) == NULL)
        abort();
    fclose(fifo);
    lamb_stream_write(response, text, strlen(text));
}

/* Event: whether there is a body. */
HANDLER(http) {
    const struct lamb_header headers[] = {
        {"X-A", "\"\xc3\xa9"},         {"set-cookie", "a=1"}, {"X-B", "b"},
        {"Set-Cookie", "b=2; Path=/"}, {NULL, NULL},
    };
    lamb_set_content_type(response, "text/html");
    if (!lamb_stream_http(response, 201, headers) || lamb_set_content_type(response, "text/plain"))
        abort();
    if (event->data[0] == 't')
        lamb_stream_write(response, "body", 4);
}

HANDLER(http_fails) {
    lamb_stream_http(response, 200, NULL);
    lamb_fail(response, "Function.Early", "early");
}

HANDLER(fail) {
    lamb_stream_write(response, "part", 4);
    lamb_fail(response, "Function.Late", "l\xc3\xa4te");
}

HANDLER(fail_at_length) {
    char *message = lamb_alloc(response, 40001);
    memset(message, 'm', 40000);
    message[40000] = '\0';
    lamb_stream_write(response, "part", 4);
    lamb_fail(response, "Function.Long", message);
}

HANDLER(fail_early) {
    lamb_fail(response, "Function.Early", "early");
}

HANDLER(empty) {
    lamb_stream_write(response, NULL, 0);
}

HANDLER(text_of_any_length) {
    for (int size = 510; size < 514; size++)
        lamb_stream_printf(response, "%0*d", size, atoi(event->data));
}

/* Event: where to write down what was sent. */
HANDLER(flood) {
    static char piece[PIECE_BYTES];
    const char *path = lamb_printf(response, "%.*s", (int)event->size - 2, event->data + 1);
    memset(piece, 'z', sizeof piece);
    for (int i = 1; i <= PIECES; i++) {
        bool is_taken = lamb_stream_write(response, piece, sizeof piece);
        FILE *file = fopen(path, "w");
        if (file == NULL)
            abort();
        fprintf(file, is_taken ? "%d" : "lost", i);
        fclose(file);
        if (!is_taken)
            return;
    }
}

HANDLER(buffered) {
    lamb_respond(response, event->data, event->size);
}

static const struct {
    const char *name;
    lamb_handler *handler;
} handlers[] = {
    {"pieces", pieces},         {"live", live},         {"http", http},
    {"http_fails", http_fails}, {"fail", fail},         {"fail_at_length", fail_at_length},
    {"fail_early", fail_early}, {"empty", empty},       {"text_of_any_length", text_of_any_length},
    {"flood", flood},           {"buffered", buffered},
};

int main(void) {
    const char *name = getenv("_HANDLER");
    for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++)
        if (strcmp(handlers[i].name, name) == 0)
            return lamb_run(handlers[i].handler, NULL);
    return lamb_init_fail("Function.NoHandler", name);
}
