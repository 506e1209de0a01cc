/* The load client of the benchmarks: calls one function over keep-alive connections and reports latency and
 * rate. The same program drives Lamb and the invoke floor: what the client costs is on both sides of a ratio.
 *
 *   bench_load --port P --function F [--connections C] [--seconds S | --requests N] [--warmup-ms W]
 *              [--payload TEXT | --payload-size BYTES] [--access-key K --secret-key S --region R]
 *   bench_load ... --event                         InvokeAsync, which is answered with 202
 *   bench_load --port P --host HOST ...            GET / of that host, not signed
 *   bench_load --port P --function F --cold        one request on one open connection
 *   bench_load --port P --function F --burst K     one request on each of K open connections, at once
 *
 * Prints one JSON line. An error is any answer but 200 (202 for asynchronous calls), a 200 with
 * X-Amz-Function-Error, or a connection that closes instead of answering; the exit code is 1 when all
 * requests failed. Errors have no place in the latencies.
 *
 * The request is built and signed once per run and the same bytes are sent each time: a SigV4 signature
 * covers method, path, host, date and body, the date has a granularity of one second and the server
 * accepts it for five minutes. So the client signs nothing while it measures, and the server verifies
 * every request in full. Runs are limited to RUN_SECONDS_MAX to stay inside the five minutes. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/clock.h"
#include "bench/die.h"
#include "bench/http_scan.h"
#include "bench/samples.h"
#include "bench/sign.h"

enum {
    CONNECTIONS_MAX = 10000,
    RUN_SECONDS_MAX = 240,
    PAYLOAD_SIZE_MAX = 6 * 1024 * 1024,
    HEAD_SIZE_MAX = 4096,
    HOST_SIZE_MAX = 300,
    ANSWER_HEAD_SIZE_MAX = 16 * 1024,
    EVENTS_PER_WAIT = 64,
    SILENCE_MS_MAX = 60 * 1000,
    SAMPLES_AT_START = 1 << 20,
    FIRST_ERROR_SIZE = 256,
    NS_PER_MS = 1000000,
};

struct options {
    uint16_t port;
    const char *function; /* NULL: a page is read */
    const char *host;     /* of that page, else NULL */
    int connections;
    double seconds;
    int64_t requests; /* 0: no limit */
    int64_t warmup_ms;
    bool once;     /* each connection sends one request */
    bool is_event; /* asks for asynchronous calls */
    char *payload;
    size_t payload_size;
    struct sign_key key; /* access_key NULL: not signed */
};

struct connection {
    int fd;
    size_t used;     /* bytes of the answer read so far */
    size_t unsent;   /* bytes of the request the socket has not taken yet */
    int64_t sent_ns; /* when the first byte was handed to the kernel */
    char *answer;
};

struct load {
    const struct options *options;
    char *request;
    size_t request_size;
    size_t answer_size_max;
    int epoll;
    struct connection *connections;
    int busy; /* connections that wait for an answer */
    int64_t started_ns;
    int64_t measure_from_ns;
    int64_t stop_ns;
    int64_t last_answer_ns;
    int64_t sent;
    int64_t errors;
    char first_error[FIRST_ERROR_SIZE];
    struct samples samples;
};

static void build_page_request(struct load *load) {
    load->request = malloc(HEAD_SIZE_MAX);
    if (load->request == NULL)
        die("no memory for a request");
    load->request_size = (size_t)snprintf(load->request, HEAD_SIZE_MAX,
                                          "GET / HTTP/1.1\r\n"
                                          "Host: %s\r\n"
                                          "User-Agent: bench_load/1\r\n\r\n",
                                          load->options->host);
    load->answer_size_max = ANSWER_HEAD_SIZE_MAX;
}

static void build_call(struct load *load) {
    const struct options *options = load->options;
    char host[32];
    char path[256];
    snprintf(host, sizeof host, "127.0.0.1:%u", options->port);
    snprintf(path, sizeof path,
             options->is_event ? "/2014-11-13/functions/%s/invoke-async"
                               : "/2015-03-31/functions/%s/invocations",
             options->function);
    char auth[SIGN_AUTHORIZATION_SIZE + 128] = "";
    if (options->key.access_key != NULL) {
        struct sign_headers headers;
        sign_post(&options->key, host, path, options->payload, options->payload_size, time(NULL), &headers);
        snprintf(auth, sizeof auth, "X-Amz-Date: %s\r\nAuthorization: %s\r\n", headers.date,
                 headers.authorization);
    }
    load->request = malloc(HEAD_SIZE_MAX + options->payload_size);
    if (load->request == NULL)
        die("no memory for a request of %zu bytes", options->payload_size);
    int head_size = snprintf(load->request, HEAD_SIZE_MAX,
                             "POST %s HTTP/1.1\r\n"
                             "Host: %s\r\n"
                             "User-Agent: bench_load/1\r\n"
                             "Content-Type: application/json\r\n"
                             "%s"
                             "Content-Length: %zu\r\n\r\n",
                             path, host, auth, options->payload_size);
    memcpy(load->request + head_size, options->payload, options->payload_size);
    load->request_size = (size_t)head_size + options->payload_size;
    load->answer_size_max = ANSWER_HEAD_SIZE_MAX + options->payload_size;
}

static void build_request(struct load *load) {
    if (load->options->host != NULL)
        build_page_request(load);
    else
        build_call(load);
}

static void note_error(struct load *load, const char *text, size_t size) {
    load->errors++;
    if (load->first_error[0] == '\0') {
        size_t kept = size < FIRST_ERROR_SIZE - 1 ? size : FIRST_ERROR_SIZE - 1;
        for (size_t i = 0; i < kept; i++) {
            bool plain = text[i] >= ' ' && text[i] < 127 && text[i] != '"' && text[i] != '\\';
            load->first_error[i] = plain ? text[i] : ' ';
        }
        load->first_error[kept] = '\0';
    }
}

static void open_connection(struct load *load, struct connection *connection) {
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(load->options->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        die_errno("connect to 127.0.0.1:%u", load->options->port);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        die_errno("epoll_ctl");
    connection->fd = fd;
}

/* Sends what is left of the request; waits for room only when the socket is full, which small requests
 * never see. */
static void send_rest(struct load *load, struct connection *connection) {
    bool was_waiting = connection->unsent != load->request_size;
    ssize_t taken = send(connection->fd, load->request + load->request_size - connection->unsent,
                         connection->unsent, MSG_NOSIGNAL);
    if (taken < 0 && errno != EAGAIN)
        return; /* the closed connection shows itself as readable */
    connection->unsent -= taken < 0 ? 0 : (size_t)taken;
    bool must_wait = connection->unsent != 0;
    if (must_wait || was_waiting) {
        struct epoll_event event = {.events = must_wait ? EPOLLIN | EPOLLOUT : EPOLLIN,
                                    .data.ptr = connection};
        epoll_ctl(load->epoll, EPOLL_CTL_MOD, connection->fd, &event);
    }
}

static void send_request(struct load *load, struct connection *connection) {
    load->sent++;
    load->busy++;
    connection->used = 0;
    connection->unsent = load->request_size;
    connection->sent_ns = clock_now_ns();
    send_rest(load, connection);
}

static bool may_send(const struct load *load) {
    if (load->options->once)
        return false;
    if (load->options->requests > 0)
        return load->sent < load->options->requests;
    return load->last_answer_ns < load->stop_ns;
}

/* Counts one finished request, well or not, and starts the connection's next one. */
static void finish_request(struct load *load, struct connection *connection, bool is_answered) {
    int64_t now_ns = clock_now_ns();
    load->last_answer_ns = now_ns;
    load->busy--;
    if (is_answered && connection->sent_ns >= load->measure_from_ns)
        samples_add(&load->samples, now_ns - connection->sent_ns);
    if (may_send(load))
        send_request(load, connection);
}

static void connection_broke(struct load *load, struct connection *connection) {
    static const char text[] = "the server closed the connection without an answer";
    note_error(load, text, sizeof text - 1);
    close(connection->fd);
    connection->fd = -1;
    if (may_send(load))
        open_connection(load, connection);
    finish_request(load, connection, false);
}

static void read_answer(struct load *load, struct connection *connection) {
    ssize_t got = recv(connection->fd, connection->answer + connection->used,
                       load->answer_size_max - connection->used, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        connection_broke(load, connection);
        return;
    }
    connection->used += (size_t)got;
    struct http_message message;
    switch (http_scan(connection->answer, connection->used, &message)) {
    case HTTP_SCAN_MORE:
        if (connection->used == load->answer_size_max)
            die("an answer is larger than %zu bytes", load->answer_size_max);
        return;
    case HTTP_SCAN_BAD: die("an answer is chunked; only answers with a Content-Length are understood");
    case HTTP_SCAN_WHOLE: break;
    }
    const char *value;
    size_t value_size;
    bool is_good = message.status == (load->options->is_event ? 202 : 200) &&
                   !http_scan_header(connection->answer, message.head_size, "X-Amz-Function-Error", &value,
                                     &value_size);
    if (!is_good)
        note_error(load, connection->answer + 9, connection->used - 9);
    finish_request(load, connection, is_good);
}

static void run(struct load *load) {
    const struct options *options = load->options;
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    load->connections = calloc((size_t)options->connections, sizeof *load->connections);
    if (load->epoll < 0 || load->connections == NULL)
        die_errno("prepare %d connections", options->connections);
    for (int i = 0; i < options->connections; i++) {
        load->connections[i].answer = malloc(load->answer_size_max);
        if (load->connections[i].answer == NULL)
            die("no memory for %d connections", options->connections);
        open_connection(load, &load->connections[i]);
    }
    load->started_ns = clock_now_ns();
    load->last_answer_ns = load->started_ns;
    load->measure_from_ns = load->started_ns + options->warmup_ms * NS_PER_MS;
    load->stop_ns = load->measure_from_ns + (int64_t)(options->seconds * 1e9);
    for (int i = 0; i < options->connections; i++)
        send_request(load, &load->connections[i]);
    while (load->busy > 0) {
        struct epoll_event events[EVENTS_PER_WAIT];
        int count = epoll_wait(load->epoll, events, EVENTS_PER_WAIT, SILENCE_MS_MAX);
        if (count == 0)
            die("no answer for %d seconds; %d requests are open", SILENCE_MS_MAX / 1000, load->busy);
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if ((events[i].events & EPOLLOUT) != 0)
                send_rest(load, connection);
            if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0)
                read_answer(load, connection);
        }
    }
}

static void print_result(struct load *load) {
    struct samples *samples = &load->samples;
    samples_sort(samples);
    int64_t measured_ns = load->last_answer_ns - load->measure_from_ns;
    double seconds = measured_ns > 0 ? (double)measured_ns / 1e9 : 0;
    printf("{\"connections\":%d,\"requests\":%zu,\"errors\":%" PRId64 ",\"elapsed_us\":%.1f,\"rate\":%.1f,"
           "\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f",
           load->options->connections, samples->count, load->errors, seconds * 1e6,
           seconds > 0 ? (double)samples->count / seconds : 0, samples_percentile_us(samples, 50),
           samples_percentile_us(samples, 90), samples_percentile_us(samples, 99),
           samples_percentile_us(samples, 100));
    if (load->errors > 0)
        printf(",\"first_error\":\"%s\"", load->first_error);
    printf("}\n");
}

static void set_payload_size(struct options *options, size_t size) {
    if (size < 2 || size > PAYLOAD_SIZE_MAX)
        die("--payload-size must be between 2 and %d bytes", PAYLOAD_SIZE_MAX);
    options->payload = malloc(size);
    if (options->payload == NULL)
        die("no memory for a payload of %zu bytes", size);
    memset(options->payload, 'x', size);
    options->payload[0] = '"';
    options->payload[size - 1] = '"';
    options->payload_size = size;
}

static void check_options(const struct options *options) {
    if (options->port == 0 || (options->function == NULL) == (options->host == NULL))
        die("--port and one of --function and --host are required");
    if (options->host != NULL && strlen(options->host) > HOST_SIZE_MAX)
        die("--host must not be longer than %d characters", HOST_SIZE_MAX);
    if (options->function != NULL &&
        (options->function[strspn(options->function, "abcdefghijklmnopqrstuvwxyz"
                                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] != '\0' ||
         strlen(options->function) > 64))
        die("--function must be a bare function name: letters, digits, - and _, at most 64");
    if (options->connections < 1 || options->connections > CONNECTIONS_MAX)
        die("--connections must be between 1 and %d", CONNECTIONS_MAX);
    if (options->seconds <= 0 || options->seconds > RUN_SECONDS_MAX) {
        die("--seconds must be more than 0 and at most %d: the signature is valid for 5 minutes",
            RUN_SECONDS_MAX);
    }
    if (options->key.access_key != NULL && (options->key.secret_key == NULL || options->key.region == NULL))
        die("--access-key needs --secret-key and --region");
}

static void apply_option(struct options *options, int letter, char *value) {
    switch (letter) {
    case 'p': options->port = (uint16_t)atoi(value); break;
    case 'f': options->function = value; break;
    case 'H': options->host = value; break;
    case 'c': options->connections = atoi(value); break;
    case 's': options->seconds = atof(value); break;
    case 'n': options->requests = atoll(value); break;
    case 'w': options->warmup_ms = atoll(value); break;
    case 'd':
        options->payload = value;
        options->payload_size = strlen(value);
        break;
    case 'D': set_payload_size(options, strtoul(value, NULL, 10)); break;
    case 'k': options->key.access_key = value; break;
    case 'K': options->key.secret_key = value; break;
    case 'r': options->key.region = value; break;
    case 'o':
        options->once = true;
        options->connections = 1;
        break;
    case 'e': options->is_event = true; break;
    case 'b':
        options->once = true;
        options->connections = atoi(value);
        break;
    default: die("unknown option; see the head of bench/load.c");
    }
}

static struct options read_options(int argc, char **argv) {
    static const struct option known[] = {
        {"port", required_argument, NULL, 'p'},
        {"function", required_argument, NULL, 'f'},
        {"host", required_argument, NULL, 'H'},
        {"connections", required_argument, NULL, 'c'},
        {"seconds", required_argument, NULL, 's'},
        {"requests", required_argument, NULL, 'n'},
        {"warmup-ms", required_argument, NULL, 'w'},
        {"payload", required_argument, NULL, 'd'},
        {"payload-size", required_argument, NULL, 'D'},
        {"access-key", required_argument, NULL, 'k'},
        {"secret-key", required_argument, NULL, 'K'},
        {"region", required_argument, NULL, 'r'},
        {"cold", no_argument, NULL, 'o'},
        {"burst", required_argument, NULL, 'b'},
        {"event", no_argument, NULL, 'e'},
        {0},
    };
    static char default_payload[] = "{\"key1\":\"value1\",\"key2\":\"value2\",\"key3\":\"value3\"}";
    struct options options = {
        .connections = 1,
        .seconds = 2,
        .warmup_ms = 200,
        .payload = default_payload,
        .payload_size = sizeof default_payload - 1,
    };
    int letter;
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1)
        apply_option(&options, letter, optarg);
    if (options.once || options.requests > 0)
        options.warmup_ms = 0;
    check_options(&options);
    return options;
}

int main(int argc, char **argv) {
    struct options options = read_options(argc, argv);
    struct load load = {.options = &options};
    samples_init(&load.samples, options.once ? (size_t)options.connections : SAMPLES_AT_START);
    build_request(&load);
    run(&load);
    print_result(&load);
    /* What was allocated is in use until the end. */
    exit(load.samples.count == 0 ? 1 : 0);
}
