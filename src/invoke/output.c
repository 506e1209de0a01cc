/* See output.h. */
#include "invoke/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "sys/fd.h"

/* Read in one turn at most: a function that floods its pipe must not hold up the others. The kernel's pipe
 * holds 64 KiB. */
#define READ_BYTES (64u * 1024)
#define TURN_BYTES (256u * 1024)

struct output {
    int fd;
    struct loop_watch *watch;
    struct buf partial; /* a line whose newline has not come yet */
    void (*line)(void *arg, const char *text, size_t len);
    void *arg;
};

static void emit_partial(struct output *output) {
    if (output->partial.len == 0)
        return;
    output->line(output->arg, output->partial.data, output->partial.len);
    buf_clear(&output->partial);
    buf_shrink(&output->partial, 0);
}

static void take_bytes(struct output *output, const char *data, size_t len) {
    while (len > 0) {
        const char *newline = memchr(data, '\n', len);
        size_t line_len = newline ? (size_t)(newline - data) : len;
        if (newline && output->partial.len == 0) {
            output->line(output->arg, data, line_len);
        } else {
            size_t room = LIMIT_LOG_LINE_BYTES - output->partial.len;
            if (line_len >= room) {
                buf_append(&output->partial, data, room);
                emit_partial(output);
                data += room;
                len -= room;
                continue;
            }
            buf_append(&output->partial, data, line_len);
            if (newline)
                emit_partial(output);
        }
        size_t taken = line_len + (newline ? 1 : 0);
        data += taken;
        len -= taken;
    }
}

/* False once the pipe is empty or closed. */
static bool read_once(struct output *output, size_t *ret_len) {
    char bytes[READ_BYTES];
    ssize_t len = read(output->fd, bytes, sizeof bytes);
    if (len < 0 && errno == EINTR)
        return true;
    if (len == 0 && output->watch) {
        loop_watch_free(output->watch);
        output->watch = NULL;
    }
    if (len <= 0)
        return false;
    take_bytes(output, bytes, (size_t)len);
    *ret_len += (size_t)len;
    return (size_t)len == sizeof bytes;
}

void output_drain(struct output *output) {
    size_t len = 0;
    while (len < TURN_BYTES && read_once(output, &len))
        continue;
}

static void on_ready(void *arg, int events) {
    (void)events;
    output_drain(arg);
}

struct output *output_new(struct loop *loop, int fd, void (*line)(void *arg, const char *text, size_t len),
                          void *arg) {
    struct output *output = mem_alloc(sizeof *output);
    output->fd = fd;
    output->line = line;
    output->arg = arg;
    buf_init(&output->partial, LIMIT_LOG_LINE_BYTES);
    output->watch = loop_watch_new(loop, fd, on_ready, output);
    loop_watch_set(output->watch, LOOP_READ);
    return output;
}

void output_finish(struct output *output) {
    output_drain(output);
    emit_partial(output);
}

void output_free(struct output *output) {
    if (!output)
        return;
    loop_watch_free(output->watch);
    fd_close(&output->fd);
    buf_done(&output->partial);
    free(output);
}
