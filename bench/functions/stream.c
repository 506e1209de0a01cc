/* The function of the benchmarks of streams: its event is `[bytes, piece_bytes]`, and its response so many
 * bytes, written in pieces of that size. */
#include <lamb.h>

#include <stdlib.h>
#include <string.h>

enum { PIECE_SIZE_MAX = 1024 * 1024 };

static void answer(const struct lamb_event *event, const struct lamb_context *context,
                   struct lamb_response *response, void *user) {
    (void)context;
    const char *piece = user;
    char *end;
    unsigned long left = strtoul(event->data + strcspn(event->data, "0123456789"), &end, 10);
    unsigned long size = strtoul(end + strcspn(end, "0123456789"), NULL, 10);
    if (size == 0 || size > PIECE_SIZE_MAX) {
        lamb_fail(response, "Function.BadEvent", "the event is no [bytes, piece_bytes]");
        return;
    }
    while (left > 0 && lamb_stream_write(response, piece, left < size ? left : size))
        left -= left < size ? left : size;
}

int main(void) {
    static char piece[PIECE_SIZE_MAX];
    memset(piece, 'x', sizeof piece);
    return lamb_run(answer, piece);
}
