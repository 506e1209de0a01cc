/* See process.h. */
#include "sys/process.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/fs.h"

/* statm: the whole size, then what is resident, in pages (proc(5)). */
static void read_memory(struct process_usage *usage) {
    OWN(buf) struct buf text;
    buf_init(&text, 256);
    if (!fs_read("/proc/self/statm", &text, NULL))
        return;
    uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    char *rest;
    usage->virtual_bytes = strtoull(buf_text(&text), &rest, 10) * page_bytes;
    usage->resident_bytes = strtoull(rest, NULL, 10) * page_bytes;
}

static bool count(void *arg, const char *name, struct err *err) {
    (void)name;
    (void)err;
    ++*(uint64_t *)arg;
    return true;
}

static uint64_t microseconds(struct timeval time) {
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

void process_read_usage(struct process_usage *ret_usage) {
    *ret_usage = (struct process_usage){0};
    read_memory(ret_usage);
    if (fs_list("/proc/self/fd", count, &ret_usage->open_fds, NULL))
        ret_usage->open_fds--; /* the one it was listed through */
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        ret_usage->cpu_us = microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        ret_usage->max_fds = limit.rlim_cur;
}
