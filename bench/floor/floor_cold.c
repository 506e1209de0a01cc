/* Floor of the cold start: from "an environment is wanted" to "its runtime's GET next has been read".
 *
 *   floor_cold [--runtime c|python|node] [--parked] [--waiting] [--samples N] [--gap-ms G] [--burst K]
 *
 * Without --parked the whole sandbox is made inside the measurement; with it the sandbox waits, done but
 * for code mount, limits, seccomp and exec. With --waiting the interpreter waits too: it has started, and in
 * the measurement takes its variables, loads a handler and goes on. The C runtime is static (floor_runtime);
 * Python and Node are bare interpreters that connect and ask for the first event, nothing more. --burst K
 * starts K at once from one launcher and measures until the last has asked. --gap-ms idles before each
 * sample, as an environment is seldom wanted right after another.
 *
 * Prints one JSON line. next_* is the figure above; answer_* (C only) goes on until the first event has
 * been answered. Needs root. Children die with the program; mounts are in a mount namespace of its own. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/clock.h"
#include "bench/die.h"
#include "bench/floor/cgroup.h"
#include "bench/floor/netns.h"
#include "bench/floor/sandbox.h"
#include "bench/floor/sibling.h"
#include "bench/http_scan.h"
#include "bench/samples.h"

enum { BURST_MAX = 1000, EVENTS_PER_WAIT = 64, MESSAGE_SIZE_MAX = 4096, SILENCE_MS_MAX = 10 * 1000 };

struct runtime {
    const char *name;
    bool waits;
    char *arguments[7];
};

#define ASK "GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: 127.0.0.1:9001\\r\\n\\r\\n"
#define ASK_IN_PYTHON                                                                                        \
    "s=socket.socket()\n"                                                                                    \
    "s.connect(('127.0.0.1',9001))\n"                                                                        \
    "s.sendall(b'" ASK "')\n"                                                                                \
    "s.recv(65536)\n"
#define ASK_IN_NODE "const s=require('net').connect(9001,'127.0.0.1',()=>s.write('" ASK "'))"

static const struct runtime runtimes[] = {
    {"c", false, {"/var/task/bootstrap"}},
    {"python", false, {"/usr/bin/python3", "-I", "-S", "-c", "import json,socket\n" ASK_IN_PYTHON}},
    {"python",
     true,
     {"/usr/bin/python3", "-I", "-S", "-c",
      "import json,os,socket,sys\n"
      "os.write(3,b'x')\n"
      "text=b''\n"
      "while True:\n"
      "    more=os.read(3,65536)\n"
      "    if not more: break\n"
      "    text+=more\n"
      "for variable in text.split(b'\\0')[:-1]:\n"
      "    name,_,value=variable.partition(b'=')\n"
      "    os.environb[name]=value\n"
      "os.chdir('/var/task')\n"
      "sys.path.insert(0,'/var/task')\n"
      "import app\n" ASK_IN_PYTHON}},
    {"node", false, {"/usr/bin/node", "-e", ASK_IN_NODE}},
    {"node",
     true,
     {"/usr/bin/node", "-e",
      "const fs=require('fs');require('net');"
      "fs.writeSync(3,'x');"
      "const bytes=Buffer.alloc(65536);"
      "let have=0,size;"
      "do{size=fs.readSync(3,bytes,have,65536-have,null);have+=size}while(size>0);"
      "for(const variable of bytes.toString('utf8',0,have).split('\\0').slice(0,-1)){"
      "const equals=variable.indexOf('=');"
      "process.env[variable.slice(0,equals)]=variable.slice(equals+1)}"
      "process.chdir('/var/task');"
      "require('/var/task/app.js');" ASK_IN_NODE}},
};

/* How far an environment has come; it waits for its control socket, its claim, its listener, its event. */
enum stage { STAGE_STARTED, STAGE_PARKED, STAGE_CLAIMED, STAGE_CONNECTED, STAGE_ASKED };

struct environment {
    enum stage stage;
    struct sandbox sandbox;
    int listener;
    int connection;
};

struct group {
    const struct sandbox_host *host;
    int epoll;
    int size;
    struct environment environments[BURST_MAX];
};

static void watch(const struct group *group, int fd, struct environment *environment) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = environment};
    if (epoll_ctl(group->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        die_errno("epoll_ctl");
}

static void unwatch(const struct group *group, int fd) {
    epoll_ctl(group->epoll, EPOLL_CTL_DEL, fd, NULL);
}

static void claim(const struct group *group, struct environment *environment) {
    watch(group, environment->listener, environment);
    sandbox_claim(group->host, &environment->sandbox);
    environment->stage = STAGE_CLAIMED;
}

static void read_next(const struct environment *environment) {
    char bytes[MESSAGE_SIZE_MAX];
    ssize_t got = recv(environment->connection, bytes, sizeof bytes, 0);
    if (got < 4 || memcmp(bytes, "GET ", 4) != 0)
        die("a runtime did not ask for its first event");
}

/* Moves one environment on by the event it waited for. */
static void advance(const struct group *group, struct environment *environment) {
    switch (environment->stage) {
    case STAGE_STARTED:
        unwatch(group, environment->sandbox.control);
        environment->listener = sandbox_listener(group->host, &environment->sandbox);
        environment->stage = STAGE_PARKED;
        break;
    case STAGE_CLAIMED:
        environment->connection = accept4(environment->listener, NULL, NULL, SOCK_CLOEXEC);
        if (environment->connection < 0)
            die_errno("accept a runtime");
        unwatch(group, environment->listener);
        watch(group, environment->connection, environment);
        environment->stage = STAGE_CONNECTED;
        break;
    case STAGE_CONNECTED:
        read_next(environment);
        environment->stage = STAGE_ASKED;
        break;
    case STAGE_PARKED:
    case STAGE_ASKED: die("an environment moved that was not waited for");
    }
}

/* Runs events until every environment of the group has reached the stage. With claim_parked a parked
 * environment is claimed as soon as it has parked. */
static void run_until(struct group *group, enum stage stage, bool claim_parked) {
    for (int missing = group->size; missing > 0;) {
        struct epoll_event events[EVENTS_PER_WAIT];
        int count = epoll_wait(group->epoll, events, EVENTS_PER_WAIT, SILENCE_MS_MAX);
        if (count == 0)
            die("%d sandboxes did not get ready in %d seconds", missing, SILENCE_MS_MAX / 1000);
        for (int i = 0; i < count; i++) {
            struct environment *environment = events[i].data.ptr;
            advance(group, environment);
            if (environment->stage == STAGE_PARKED && claim_parked)
                claim(group, environment);
            missing -= environment->stage == stage;
        }
    }
}

static void start_all(struct group *group) {
    for (int i = 0; i < group->size; i++) {
        struct environment *environment = &group->environments[i];
        *environment = (struct environment){.listener = -1, .connection = -1};
        sandbox_start(group->host, &environment->sandbox);
        watch(group, environment->sandbox.control, environment);
    }
}

static void end_all(struct group *group) {
    for (int i = 0; i < group->size; i++) {
        struct environment *environment = &group->environments[i];
        close(environment->connection);
        close(environment->listener);
        sandbox_end(&environment->sandbox);
    }
}

/* The first event, to the answer: what a caller of a cold function waits for on top of the start. */
static void serve_event(int connection) {
    static const char event[] = "HTTP/1.1 200 OK\r\n"
                                "Content-Type: application/json\r\n"
                                "Content-Length: 2\r\n"
                                "Lambda-Runtime-Aws-Request-Id: 00000000-0000-4000-8000-000000000001\r\n"
                                "Lambda-Runtime-Deadline-Ms: 0\r\n"
                                "Lambda-Runtime-Invoked-Function-Arn: "
                                "arn:aws:lambda:us-east-1:000000000000:function:floor\r\n\r\n{}";
    char bytes[MESSAGE_SIZE_MAX];
    size_t used = 0;
    struct http_message message;
    if (send(connection, event, sizeof event - 1, MSG_NOSIGNAL) < 0)
        die_errno("send the first event");
    do {
        ssize_t got = recv(connection, bytes + used, sizeof bytes - used, 0);
        if (got <= 0)
            die("a runtime did not answer its first event");
        used += (size_t)got;
    } while (http_scan(bytes, used, &message) != HTTP_SCAN_WHOLE);
}

struct options {
    const char *name;
    bool parked;
    bool waiting;
    const struct runtime *runtime;
    int samples;
    long gap_ms;
    int burst;
};

static void idle(long gap_ms) {
    struct timespec gap = {.tv_sec = gap_ms / 1000, .tv_nsec = gap_ms % 1000 * 1000000};
    nanosleep(&gap, NULL);
}

static void measure_one(struct group *group, const struct options *options, struct samples *next,
                        struct samples *answer) {
    if (options->parked) {
        start_all(group);
        run_until(group, STAGE_PARKED, false);
    }
    idle(options->gap_ms);
    int64_t started_ns = clock_now_ns();
    if (options->parked)
        for (int i = 0; i < group->size; i++)
            claim(group, &group->environments[i]);
    else
        start_all(group);
    run_until(group, STAGE_ASKED, !options->parked);
    samples_add(next, clock_now_ns() - started_ns);
    if (options->runtime == &runtimes[0] && options->burst == 1) {
        serve_event(group->environments[0].connection);
        samples_add(answer, clock_now_ns() - started_ns);
    }
    end_all(group);
}

static void print_percentiles(const char *name, struct samples *samples) {
    if (samples->count > 0) {
        samples_sort(samples);
        printf(",\"%s_min_us\":%.1f,\"%s_p50_us\":%.1f,\"%s_p99_us\":%.1f", name,
               samples_percentile_us(samples, 0), name, samples_percentile_us(samples, 50), name,
               samples_percentile_us(samples, 99));
    }
}

static const struct runtime *find_runtime(const char *name, bool waits) {
    for (size_t i = 0; i < sizeof runtimes / sizeof *runtimes; i++)
        if (strcmp(runtimes[i].name, name) == 0 && runtimes[i].waits == waits)
            return &runtimes[i];
    die("--runtime must be c, python or node (with --waiting python or node), not '%s'", name);
}

static struct options read_options(int argc, char **argv) {
    static const struct option known[] = {
        {"runtime", required_argument, NULL, 'r'},
        {"parked", no_argument, NULL, 'p'},
        {"waiting", no_argument, NULL, 'w'},
        {"samples", required_argument, NULL, 'n'},
        {"gap-ms", required_argument, NULL, 'g'},
        {"burst", required_argument, NULL, 'b'},
        {0},
    };
    struct options options = {.name = "c", .samples = 50, .burst = 1};
    int letter;
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (letter) {
        case 'r': options.name = optarg; break;
        case 'p': options.parked = true; break;
        case 'w': options.parked = options.waiting = true; break;
        case 'n': options.samples = atoi(optarg); break;
        case 'g': options.gap_ms = atol(optarg); break;
        case 'b': options.burst = atoi(optarg); break;
        default: die("unknown option; see the head of bench/floor/floor_cold.c");
        }
    }
    if (options.samples < 1 || options.burst < 1 || options.burst > BURST_MAX || options.gap_ms < 0)
        die("--samples must be at least 1, --burst between 1 and %d, --gap-ms not negative", BURST_MAX);
    options.runtime = find_runtime(options.name, options.waiting);
    return options;
}

int main(int argc, char **argv) {
    struct options options = read_options(argc, argv);
    netns_require_root();
    char bootstrap_path[PATH_MAX];
    sibling_path("floor_runtime", bootstrap_path);

    struct sandbox_host host;
    sandbox_host_prepare(&host, bootstrap_path, options.runtime->arguments, options.waiting);
    cgroup_prepare();
    static struct group group;
    group.host = &host;
    group.size = options.burst;
    group.epoll = epoll_create1(EPOLL_CLOEXEC);
    struct samples next;
    struct samples answer;
    samples_init(&next, (size_t)options.samples);
    samples_init(&answer, (size_t)options.samples);
    for (int i = 0; i < options.samples; i++)
        measure_one(&group, &options, &next, &answer);
    cgroup_finish();
    printf("{\"floor\":\"cold\",\"runtime\":\"%s\",\"parked\":%s,\"waiting\":%s", options.name,
           options.parked ? "true" : "false", options.waiting ? "true" : "false");
    printf(",\"burst\":%d,\"samples\":%d,\"gap_ms\":%ld", options.burst, options.samples, options.gap_ms);
    print_percentiles("next", &next);
    print_percentiles("answer", &answer);
    printf("}\n");
    return 0;
}
