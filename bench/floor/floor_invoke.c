/* Floor of the warm invoke: client -> one epoll thread -> C runtime in its own network namespace -> back.
 *
 * The daemon here is a toy that does only this step: hand parser, AWS-like headers, no authentication, no
 * routing, no JSON check, no freeze, no log. What it costs is what no daemon of the same shape can be
 * under. It is driven by the same client (bench_load) as Lamb.
 *
 *   floor_invoke --runtimes N --port P [--seconds T]
 *
 * Prints one JSON line when it accepts ({"floor":"invoke","ready":true,"port":...}) and one when it ends
 * (SIGTERM, SIGINT or after T seconds). Its runtimes die with it. Needs root for the network namespaces.
 * Requests and answers are limited to PEER_BUFFER_SIZE; pipelined requests are not understood. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/die.h"
#include "bench/floor/netns.h"
#include "bench/floor/sibling.h"
#include "bench/http_scan.h"

enum { PEER_BUFFER_SIZE = 64 * 1024, EVENTS_PER_WAIT = 64, RUNTIMES_MAX = 4096 };

enum peer_role { ROLE_SIGNALS, ROLE_CLIENT_LISTENER, ROLE_RUNTIME_LISTENER, ROLE_CLIENT, ROLE_RUNTIME };

/* Anything epoll watches. A client that is served belongs to its runtime until the answer, so a client
 * that leaves in between is only marked (fd -1) and freed by the runtime. */
struct peer {
    enum peer_role role;
    int fd;
    struct peer *caller; /* runtime: the client whose event it works on */
    struct peer *next;   /* runtime: below it in the idle stack; client: behind it in the waiting queue */
    bool busy;           /* client: its request is waiting or being served */
    size_t used;
    size_t body_at;
    size_t body_size;
    char buffer[];
};

struct floor_daemon {
    int epoll;
    struct peer *idle; /* newest first, as a pool does it */
    struct peer *waiting_first;
    struct peer **waiting_last;
    uint64_t invokes;
    time_t date_of;
    char date[64];
};

static struct peer *watch(struct floor_daemon *floor, int fd, enum peer_role role, size_t buffer_size) {
    struct peer *peer = malloc(sizeof *peer + buffer_size);
    if (peer == NULL)
        die("no memory for a connection");
    *peer = (struct peer){.role = role, .fd = fd};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};
    if (epoll_ctl(floor->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        die_errno("epoll_ctl");
    return peer;
}

static const char *date_text(struct floor_daemon *floor) {
    time_t now = time(NULL);
    if (now != floor->date_of) {
        struct tm parts;
        strftime(floor->date, sizeof floor->date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &parts));
        floor->date_of = now;
    }
    return floor->date;
}

static bool send_parts(int fd, char *head, int head_size, char *body, size_t body_size) {
    struct iovec parts[] = {{head, (size_t)head_size}, {body, body_size}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    return sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)((size_t)head_size + body_size);
}

static void start_invoke(struct floor_daemon *floor, struct peer *runtime, struct peer *client) {
    uint64_t number = ++floor->invokes;
    char head[768];
    int head_size = snprintf(head, sizeof head,
                             "HTTP/1.1 200 OK\r\n"
                             "Content-Type: application/json\r\n"
                             "Content-Length: %zu\r\n"
                             "Lambda-Runtime-Aws-Request-Id: 00000000-0000-4000-8000-%012" PRIx64 "\r\n"
                             "Lambda-Runtime-Deadline-Ms: %lld\r\n"
                             "Lambda-Runtime-Invoked-Function-Arn: "
                             "arn:aws:lambda:us-east-1:000000000000:function:floor\r\n"
                             "Lambda-Runtime-Trace-Id: Root=1-00000000-%024" PRIx64 ";Sampled=0\r\n"
                             "Date: %s\r\n\r\n",
                             client->body_size, number, (long long)(time(NULL) + 3) * 1000, number,
                             date_text(floor));
    runtime->caller = client;
    if (!send_parts(runtime->fd, head, head_size, client->buffer + client->body_at, client->body_size))
        die_errno("send an event of %zu bytes to a runtime", client->body_size);
}

static void answer_client(struct floor_daemon *floor, struct peer *client, char *body, size_t body_size) {
    client->busy = false;
    client->used = 0;
    if (client->fd < 0) {
        free(client);
        return;
    }
    char head[512];
    int head_size = snprintf(head, sizeof head,
                             "HTTP/1.1 200 OK\r\n"
                             "Date: %s\r\n"
                             "Content-Type: application/json\r\n"
                             "Content-Length: %zu\r\n"
                             "Connection: keep-alive\r\n"
                             "x-amzn-RequestId: 00000000-0000-4000-8000-%012" PRIx64 "\r\n"
                             "x-amzn-Remapped-Content-Length: 0\r\n"
                             "X-Amz-Executed-Version: $LATEST\r\n"
                             "X-Amzn-Trace-Id: Root=1-00000000-%024" PRIx64 ";Sampled=0\r\n\r\n",
                             date_text(floor), body_size, floor->invokes, floor->invokes);
    /* A client that is gone shows itself as readable, and is freed there. */
    send_parts(client->fd, head, head_size, body, body_size);
}

static void queue_client(struct floor_daemon *floor, struct peer *client) {
    client->busy = true;
    struct peer *runtime = floor->idle;
    if (runtime != NULL) {
        floor->idle = runtime->next;
        start_invoke(floor, runtime, client);
        return;
    }
    client->next = NULL;
    *floor->waiting_last = client;
    floor->waiting_last = &client->next;
}

/* A runtime asks for the next event: the oldest waiting client that is still there, or the idle stack. */
static void offer_runtime(struct floor_daemon *floor, struct peer *runtime) {
    while (floor->waiting_first != NULL) {
        struct peer *client = floor->waiting_first;
        floor->waiting_first = client->next;
        if (floor->waiting_first == NULL)
            floor->waiting_last = &floor->waiting_first;
        if (client->fd >= 0) {
            start_invoke(floor, runtime, client);
            return;
        }
        free(client);
    }
    runtime->next = floor->idle;
    floor->idle = runtime;
}

static void take_response(struct floor_daemon *floor, struct peer *runtime, struct http_message message) {
    static const char accepted[] = "HTTP/1.1 202 Accepted\r\n"
                                   "Content-Type: application/json\r\n"
                                   "Content-Length: 16\r\n\r\n"
                                   "{\"status\":\"OK\"}\n";
    struct peer *client = runtime->caller;
    if (client == NULL)
        die("a runtime answered without an event");
    runtime->caller = NULL;
    answer_client(floor, client, runtime->buffer + message.head_size, message.body_size);
    if (send(runtime->fd, accepted, sizeof accepted - 1, MSG_NOSIGNAL) < 0)
        die_errno("answer a runtime");
}

static void client_leaves(struct peer *client) {
    close(client->fd);
    client->fd = -1;
    if (!client->busy)
        free(client);
}

static void peer_readable(struct floor_daemon *floor, struct peer *peer) {
    ssize_t got = recv(peer->fd, peer->buffer + peer->used, PEER_BUFFER_SIZE - peer->used, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0 && peer->role == ROLE_RUNTIME)
        die("a runtime closed its connection");
    if (got <= 0) {
        client_leaves(peer);
        return;
    }
    peer->used += (size_t)got;
    struct http_message message;
    switch (http_scan(peer->buffer, peer->used, &message)) {
    case HTTP_SCAN_MORE:
        if (peer->used == PEER_BUFFER_SIZE)
            die("a message is larger than %d bytes", PEER_BUFFER_SIZE);
        return;
    case HTTP_SCAN_BAD: die("a message is not understood (chunked?)");
    case HTTP_SCAN_WHOLE: break;
    }
    if (peer->role == ROLE_CLIENT) {
        peer->body_at = message.head_size;
        peer->body_size = message.body_size;
        queue_client(floor, peer);
        return;
    }
    peer->used = 0;
    if (peer->buffer[0] == 'P')
        take_response(floor, peer, message);
    else
        offer_runtime(floor, peer);
}

static void accept_peer(struct floor_daemon *floor, struct peer *listener) {
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    bool is_client = listener->role == ROLE_CLIENT_LISTENER;
    watch(floor, fd, is_client ? ROLE_CLIENT : ROLE_RUNTIME, PEER_BUFFER_SIZE);
}

static _Noreturn void runtime_process(int socket, const char *runtime_path) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (unshare(CLONE_NEWNET) != 0)
        die_errno("unshare a network namespace");
    if (netns_send_fd(socket, netns_listen(), 'L') != 0)
        die_errno("hand the listener to the daemon");
    char *const arguments[] = {(char *)runtime_path, NULL};
    char *const environment[] = {NULL};
    execve(runtime_path, arguments, environment);
    die_errno("exec %s", runtime_path);
}

static pid_t start_runtime(struct floor_daemon *floor, const char *runtime_path) {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
        die_errno("socketpair");
    pid_t pid = fork();
    if (pid < 0)
        die_errno("fork a runtime");
    if (pid == 0)
        runtime_process(sockets[1], runtime_path);
    close(sockets[1]);
    char tag;
    int listener = netns_receive_fd(sockets[0], &tag);
    if (listener < 0)
        die("a runtime ended before it sent its listener");
    close(sockets[0]);
    watch(floor, listener, ROLE_RUNTIME_LISTENER, 0);
    return pid;
}

static int listen_for_clients(uint16_t port, uint16_t *ret_port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t address_size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &address_size) != 0)
        die_errno("listen on 127.0.0.1:%u", port);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static int open_signals(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGALRM);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    int fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        die_errno("signalfd");
    return fd;
}

/* Returns once a signal asks for the end. A dead runtime is a broken measurement, not an end. */
static void serve(struct floor_daemon *floor) {
    struct epoll_event events[EVENTS_PER_WAIT];
    for (;;) {
        int count = epoll_wait(floor->epoll, events, EVENTS_PER_WAIT, -1);
        for (int i = 0; i < count; i++) {
            struct peer *peer = events[i].data.ptr;
            switch (peer->role) {
            case ROLE_SIGNALS: {
                struct signalfd_siginfo info;
                if (read(peer->fd, &info, sizeof info) == sizeof info && info.ssi_signo == SIGCHLD)
                    die("a runtime process ended (status %d)", info.ssi_status);
                return;
            }
            case ROLE_CLIENT_LISTENER:
            case ROLE_RUNTIME_LISTENER: accept_peer(floor, peer); break;
            case ROLE_CLIENT:
            case ROLE_RUNTIME: peer_readable(floor, peer); break;
            }
        }
    }
}

static void print_end(const struct floor_daemon *floor, int runtimes) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu_us = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
                    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    printf("{\"floor\":\"invoke\",\"runtimes\":%d,\"invokes\":%" PRIu64 ",\"cpu_per_invoke_us\":%.1f,"
           "\"rss_max_kb\":%ld}\n",
           runtimes, floor->invokes, floor->invokes == 0 ? 0 : cpu_us / (double)floor->invokes,
           usage.ru_maxrss);
}

struct options {
    int runtimes;
    uint16_t port;
    unsigned seconds;
};

static struct options read_options(int argc, char **argv) {
    static const struct option known[] = {
        {"runtimes", required_argument, NULL, 'r'},
        {"port", required_argument, NULL, 'p'},
        {"seconds", required_argument, NULL, 's'},
        {0},
    };
    struct options options = {.runtimes = 1};
    int letter;
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (letter) {
        case 'r': options.runtimes = atoi(optarg); break;
        case 'p': options.port = (uint16_t)atoi(optarg); break;
        case 's': options.seconds = (unsigned)atoi(optarg); break;
        default: die("usage: floor_invoke [--runtimes N] [--port P] [--seconds T]");
        }
    }
    if (options.runtimes < 1 || options.runtimes > RUNTIMES_MAX)
        die("--runtimes must be between 1 and %d", RUNTIMES_MAX);
    return options;
}

int main(int argc, char **argv) {
    struct options options = read_options(argc, argv);
    netns_require_root();
    char runtime_path[PATH_MAX];
    sibling_path("floor_runtime", runtime_path);

    struct floor_daemon floor = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
    floor.waiting_last = &floor.waiting_first;
    watch(&floor, open_signals(), ROLE_SIGNALS, 0);
    static pid_t runtimes[RUNTIMES_MAX];
    for (int i = 0; i < options.runtimes; i++)
        runtimes[i] = start_runtime(&floor, runtime_path);
    uint16_t port;
    watch(&floor, listen_for_clients(options.port, &port), ROLE_CLIENT_LISTENER, 0);
    printf("{\"floor\":\"invoke\",\"ready\":true,\"port\":%u,\"runtimes\":%d}\n", port, options.runtimes);
    fflush(stdout);
    alarm(options.seconds);
    serve(&floor);
    for (int i = 0; i < options.runtimes; i++) {
        kill(runtimes[i], SIGKILL);
        waitpid(runtimes[i], NULL, 0);
    }
    print_end(&floor, options.runtimes);
    return 0;
}
