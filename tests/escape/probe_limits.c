/* Attempts to take more than was given: memory, processes, descriptors, space, processor time. See probe.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#define MB (1024 * 1024)

static void touch_memory(int megabytes) {
    for (int i = 0; i < megabytes; i++) {
        char *memory = mmap(NULL, MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            say("%s after %d MB", strerrorname_np(errno), i);
            exit(0);
        }
        memset(memory, 1, MB);
    }
}

static void use_memory(char **args) {
    touch_memory(atoi(args[0]));
    say("used it");
}

/* In a child: the function itself lives on. */
static void use_memory_in_child(char **args) {
    pid_t child = fork();
    if (child == 0) {
        touch_memory(atoi(args[0]));
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    say("child: signal %d", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

static void fill_tmp(char **args) {
    static char block[MB];
    memset(block, 1, sizeof block);
    int file = open("/tmp/fill", O_WRONLY | O_CREAT, 0600);
    for (int i = 0; i < atoi(args[0]); i++)
        if (write(file, block, sizeof block) != sizeof block)
            return say("%s after %d MB", strerrorname_np(errno), i);
    say("filled it");
}

static void make_files(char **args) {
    for (int i = 0; i < atoi(args[0]); i++) {
        char path[64];
        snprintf(path, sizeof path, "/tmp/%d", i);
        int file = open(path, O_WRONLY | O_CREAT, 0600);
        if (file == -1)
            return say("%s", strerrorname_np(errno));
        close(file);
    }
    say("made them");
}

static void count_processes(char **args) {
    (void)args;
    int count = 0;
    for (pid_t child; (child = fork()) != -1; count++) {
        if (child == 0) {
            pause();
            _exit(0);
        }
    }
    say("%s after %d", strerrorname_np(errno), count);
}

static void *wait_for_ever(void *arg) {
    pause();
    return arg;
}

static void count_threads(char **args) {
    (void)args;
    int count = 0;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    pthread_t thread;
    int failure;
    while ((failure = pthread_create(&thread, &small, wait_for_ever, NULL)) == 0)
        count++;
    say("%s after %d", strerrorname_np(failure), count);
    _exit(0);
}

static void count_descriptors(char **args) {
    (void)args;
    int last = -1;
    for (int fd; (fd = dup(0)) != -1;)
        last = fd;
    say("%s after %d", strerrorname_np(errno), last);
}

/* How much of two seconds it got, in per cent. */
static void use_processor(char **args) {
    (void)args;
    struct timespec start;
    struct timespec now;
    struct rusage usage;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 2000);
    getrusage(RUSAGE_SELF, &usage);
    say("%ld", (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 50 +
                   (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 20000);
}

/* For ever. */
static void spin(char **args) {
    (void)args;
    say("spinning");
    for (;;)
        continue;
}

/* Writes a letter every two milliseconds, and lets a child do the same. */
static void tick(char **args) {
    (void)args;
    const char *letter = fork() == 0 ? "c" : "p";
    for (;;) {
        say("%s", letter);
        poll(NULL, 0, 2);
    }
}

static void show_limit(char **args) {
    struct rlimit limit;
    getrlimit((__rlimit_resource_t)atoi(args[0]), &limit);
    say("%lu %lu", limit.rlim_cur, limit.rlim_max);
}

const struct probe probes_of_limits[] = {
    {"use_memory", use_memory},
    {"use_memory_in_child", use_memory_in_child},
    {"fill_tmp", fill_tmp},
    {"make_files", make_files},
    {"count_processes", count_processes},
    {"count_threads", count_threads},
    {"count_descriptors", count_descriptors},
    {"use_processor", use_processor},
    {"spin", spin},
    {"tick", tick},
    {"limit", show_limit},
    {0},
};
