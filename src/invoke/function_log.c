/* See function_log.h. The loop thread appends to `pending`; the job owns `writing`, the file descriptor and
 * its size while it runs, and the loop thread does not touch them then. */
#include "invoke/function_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "model/log_group.h"
#include "sys/fd.h"
#include "sys/fs.h"
#include "sys/work_lane.h"

struct function_logs {
    struct clock clock;
    const char *log_dir;
    uint64_t file_bytes;
    uint32_t files;
    struct map by_key; /* "account/file" to struct function_log */
    struct work_lane *lane;
    struct loop_timer *timer;
    struct list dirty; /* logs with pending lines, waiting for the timer */
    uint64_t lines;
    uint64_t dropped_lines;
    void (*drained)(void *arg);
    void *drained_arg;
};

struct function_log {
    struct function_logs *logs;
    char *key;
    char *path;
    uint32_t references;
    struct list dirty;
    struct buf pending;
    uint64_t dropped_lines;
    bool in_flight;
    struct buf writing;
    int fd;
    uint64_t size_bytes;
    char failure[256]; /* of the last job; "" when it went well */
};

static void logs_flush(void *arg);
static void logs_drain_further(struct function_logs *logs);

struct function_logs *function_logs_new(struct loop *loop, const struct clock *clock, const char *log_dir,
                                        uint64_t file_bytes, uint32_t files) {
    struct function_logs *logs = mem_alloc(sizeof *logs);
    logs->clock = *clock;
    logs->log_dir = log_dir;
    logs->file_bytes = file_bytes;
    logs->files = files;
    map_init(&logs->by_key);
    list_init(&logs->dirty);
    logs->lane = work_lane_new(loop);
    logs->timer = loop_timer_new(loop, logs_flush, logs);
    return logs;
}

static void log_free(struct function_log *log) {
    fd_close(&log->fd);
    buf_done(&log->pending);
    buf_done(&log->writing);
    free(log->key);
    free(log->path);
    free(log);
}

/* A log without users stays until its last lines are written. */
static void log_free_if_unused(struct function_log *log) {
    if (log->references > 0 || log->in_flight || log->pending.len > 0)
        return;
    map_remove(&log->logs->by_key, log->key);
    list_remove(&log->dirty);
    log_free(log);
}

/* Keeps `.1` to `.(files - 1)`; the oldest is replaced. */
static bool log_rotate(struct function_log *log, struct err *err) {
    fd_close(&log->fd);
    for (uint32_t i = log->logs->files - 1; i >= 1; i--) {
        OWN_MEM char *from = i == 1 ? mem_text(log->path) : mem_format("%s.%u", log->path, i - 1);
        OWN_MEM char *to = mem_format("%s.%u", log->path, i);
        if (rename(from, to) != 0 && errno != ENOENT)
            return err_set_errno(err, errno, "can't rotate log file %s", from);
    }
    return true;
}

static bool log_open_file(struct function_log *log, struct err *err) {
    if (log->fd >= 0 && log->size_bytes >= log->logs->file_bytes && !log_rotate(log, err))
        return false;
    if (log->fd >= 0)
        return true;
    OWN_MEM char *dir = mem_copy_text(log->path, (size_t)(strrchr(log->path, '/') - log->path));
    if (!fs_make_dirs(dir, 0750, err))
        return false;
    log->fd = open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (log->fd < 0)
        return err_set_errno(err, errno, "can't open log file %s", log->path);
    struct stat status;
    log->size_bytes = fstat(log->fd, &status) == 0 ? (uint64_t)status.st_size : 0;
    return true;
}

static void log_write_run(void *job) {
    struct function_log *log = job;
    struct err err = {.code = ERR_NONE};
    if (log_open_file(log, &err) && fd_write_all(log->fd, log->writing.data, log->writing.len, &err))
        log->size_bytes += log->writing.len;
    snprintf(log->failure, sizeof log->failure, "%.255s", err.code == ERR_NONE ? "" : err.text);
}

static void log_write_done(void *job) {
    struct function_log *log = job;
    struct function_logs *logs = log->logs;
    log->in_flight = false;
    buf_clear(&log->writing);
    buf_shrink(&log->writing, 64 * 1024);
    if (log->failure[0] != '\0')
        log_error("function_log.write_failed", "path=%s error=\"%s\"", log->path, log->failure);
    log_free_if_unused(log);
    if (logs->drained)
        logs_drain_further(logs);
}

static void logs_flush(void *arg) {
    struct function_logs *logs = arg;
    list_each (link, &logs->dirty) {
        struct function_log *log = list_item(link, struct function_log, dirty);
        if (log->in_flight)
            continue;
        list_remove(&log->dirty);
        struct buf empty = log->writing;
        log->writing = log->pending;
        log->pending = empty;
        log->in_flight = true;
        work_lane_run(logs->lane, log_write_run, log_write_done, log);
    }
    if (!list_is_empty(&logs->dirty))
        loop_timer_start(logs->timer, FUNCTION_LOG_DELAY_MS);
}

/* A log whose lines are just being written has to wait for its turn: then this is called again. */
static void logs_drain_further(struct function_logs *logs) {
    logs_flush(logs);
    if (list_is_empty(&logs->dirty))
        work_lane_drain(logs->lane, take_ptr(logs->drained), logs->drained_arg);
}

void function_logs_drain(struct function_logs *logs, void (*drained)(void *arg), void *arg) {
    logs->drained = drained;
    logs->drained_arg = arg;
    logs_drain_further(logs);
}

void function_logs_count(const struct function_logs *logs, uint64_t *ret_lines, uint64_t *ret_dropped) {
    *ret_lines = logs->lines;
    *ret_dropped = logs->dropped_lines;
}

void function_logs_free(struct function_logs *logs) {
    if (!logs)
        return;
    size_t cursor = 0;
    void *value;
    while (map_next(&logs->by_key, &cursor, NULL, &value))
        log_free(value);
    map_done(&logs->by_key);
    loop_timer_free(logs->timer);
    work_lane_free(logs->lane);
    free(logs);
}

struct function_log *function_log_open(struct function_logs *logs, const char *account, const char *group) {
    char file[LOG_GROUP_FILE_BYTES];
    log_group_file(group, file);
    OWN_MEM char *key = mem_format("%s/%s", account, file);
    struct function_log *log = map_get(&logs->by_key, key);
    if (!log) {
        log = mem_alloc(sizeof *log);
        log->logs = logs;
        log->path = mem_format("%s/%s.log", logs->log_dir, key);
        log->key = take_ptr(key);
        log->fd = -1;
        list_init(&log->dirty);
        buf_init(&log->pending, FUNCTION_LOG_PENDING_BYTES);
        buf_init(&log->writing, FUNCTION_LOG_PENDING_BYTES);
        map_put(&logs->by_key, log->key, log);
    }
    log->references++;
    return log;
}

void function_log_release(struct function_log *log) {
    if (!log)
        return;
    log->references--;
    log_free_if_unused(log);
}

static bool log_append_line(struct function_log *log, const char *stream, const char *text, size_t len) {
    struct buf *buf = &log->pending;
    char time[CLOCK_TEXT_BYTES];
    clock_format_iso(clock_wall_us(&log->logs->clock), time);
    size_t time_len = strlen(time);
    size_t stream_len = strlen(stream);
    char *place = buf_reserve(buf, time_len + stream_len + len + 3);
    if (!place)
        return false;
    memcpy(place, time, time_len);
    place += time_len;
    *place++ = ' ';
    memcpy(place, stream, stream_len);
    place += stream_len;
    *place++ = ' ';
    memcpy(place, text, len);
    place[len] = '\n';
    buf->len += time_len + stream_len + len + 3;
    return true;
}

void function_log_append(struct function_log *log, const char *stream, const char *text, size_t len) {
    struct function_logs *logs = log->logs;
    if (log->dropped_lines > 0 && log->pending.len == 0) {
        char note[96];
        int note_len = snprintf(note, sizeof note,
                                "LAMB %llu log lines were dropped: the disk did not keep up",
                                (unsigned long long)log->dropped_lines);
        if (log_append_line(log, stream, note, (size_t)note_len))
            log->dropped_lines = 0;
    }
    logs->lines++;
    if (!log_append_line(log, stream, text, len)) {
        log->dropped_lines++;
        logs->dropped_lines++;
        log->pending.overflowed = false;
    }
    if (!list_is_empty(&log->dirty))
        return;
    if (list_is_empty(&logs->dirty))
        loop_timer_start(logs->timer, FUNCTION_LOG_DELAY_MS);
    list_push_back(&logs->dirty, &log->dirty);
}
