/* The client of the benchmarks of streamed responses: for Lamb, by InvokeWithResponseStream or Invoke, and
 * for the floor, which answers the same requests. One request at a time on one connection.
 *
 *   bench_stream --port P --function F --payload TEXT [--access-key K --secret-key S --region R] [--buffered]
 *                --first SECONDS | --whole | --slow READERS
 *
 * --first calls again and again and tells how long the first byte of the body takes; --whole calls once and
 * reads everything; --slow opens so many connections, calls on each, reads the first bytes and no more, and
 * waits for the end of its input. Prints one JSON line (--slow: when all have begun). --buffered: Invoke.
 *
 * An answer ends with its Content-Length or with the last chunk, which is looked for at the end of what has
 * come: payloads must not look like it. */
#include <arpa/inet.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/clock.h"
#include "bench/die.h"
#include "bench/http_scan.h"
#include "bench/samples.h"
#include "bench/sign.h"

enum {
    REQUEST_SIZE_MAX = 8192,
    BUFFER_SIZE = 256 * 1024,
    SLOW_BUFFER_SIZE = 4096, /* of the socket of a slow reader */
    SAMPLES_AT_START = 1 << 18,
    SILENCE_S_MAX = 60,
};

static const char last_chunk[] = "\r\n0\r\n\r\n";
enum { LAST_CHUNK_SIZE = sizeof last_chunk - 1 };

struct options {
    uint16_t port;
    const char *function;
    const char *payload;
    bool is_buffered;
    double first_s;
    bool is_whole;
    int slow;
    struct sign_key key; /* access_key NULL: not signed */
};

struct client {
    int fd;
    size_t request_size;
    char request[REQUEST_SIZE_MAX];
    char buffer[BUFFER_SIZE];
};

struct answer {
    int64_t first_ns; /* when the first byte of the body was here */
    int64_t last_ns;
    uint64_t bytes; /* of the body */
};

static void build_request(struct client *client, const struct options *options) {
    char host[32];
    char path[256];
    char auth[SIGN_AUTHORIZATION_SIZE + 128] = "";
    snprintf(host, sizeof host, "127.0.0.1:%u", options->port);
    snprintf(path, sizeof path,
             options->is_buffered ? "/2015-03-31/functions/%s/invocations"
                                  : "/2021-11-15/functions/%s/response-streaming-invocations",
             options->function);
    size_t payload_size = strlen(options->payload);
    if (options->key.access_key) {
        struct sign_headers headers;
        sign_post(&options->key, host, path, options->payload, payload_size, time(NULL), &headers);
        snprintf(auth, sizeof auth, "X-Amz-Date: %s\r\nAuthorization: %s\r\n", headers.date,
                 headers.authorization);
    }
    int size = snprintf(client->request, REQUEST_SIZE_MAX,
                        "POST %s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %zu\r\n\r\n%s", path, host, auth,
                        payload_size, options->payload);
    if (size >= REQUEST_SIZE_MAX)
        die("the request is larger than %d bytes", REQUEST_SIZE_MAX);
    client->request_size = (size_t)size;
}

static int open_connection(const struct options *options) {
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(options->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    const struct timeval silence = {.tv_sec = SILENCE_S_MAX};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    int small = SLOW_BUFFER_SIZE;
    if (fd < 0 || (options->slow && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small) != 0) ||
        connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence) != 0)
        die_errno("connect to 127.0.0.1:%u", options->port);
    return fd;
}

static void send_request(const struct client *client) {
    if (send(client->fd, client->request, client->request_size, MSG_NOSIGNAL) !=
        (ssize_t)client->request_size)
        die_errno("send the request");
}

static size_t receive(struct client *client, size_t used) {
    ssize_t got = recv(client->fd, client->buffer + used, BUFFER_SIZE - used, 0);
    if (got < 0)
        die_errno("read the answer");
    if (got == 0)
        die("the server closed the connection in the middle of an answer");
    return (size_t)got;
}

/* Until the whole head and at least a byte of the body are here. Returns how much is, and where the body
 * begins. */
static size_t read_head(struct client *client, size_t *ret_body_at) {
    size_t used = 0;
    const char *end = NULL;
    while (!end || end + 4 == client->buffer + used) {
        used += receive(client, used);
        end = memmem(client->buffer, used, "\r\n\r\n", 4);
        if (!end && used == BUFFER_SIZE)
            die("the head of an answer has no end");
    }
    if (memcmp(client->buffer, "HTTP/1.1 200", 12) != 0)
        die("the answer is no 200: %.*s", (int)(used < 400 ? used : 400), client->buffer);
    *ret_body_at = (size_t)(end + 4 - client->buffer);
    return used;
}

/* The bytes of the body by the head; 0 when it is chunked. */
static uint64_t content_length(const char *head, size_t head_size) {
    const char *value;
    size_t size;
    return http_scan_header(head, head_size, "Content-Length", &value, &size) ? strtoull(value, NULL, 10) : 0;
}

/* The end of what has come stays at the front of the buffer, so that the last chunk is found whole. */
static void read_answer(struct client *client, struct answer *ret_answer) {
    size_t body_at;
    size_t used = read_head(client, &body_at);
    ret_answer->first_ns = clock_now_ns();
    ret_answer->bytes = used - body_at;
    uint64_t length = content_length(client->buffer, body_at);
    while (length ? ret_answer->bytes < length
                  : memcmp(client->buffer + used - LAST_CHUNK_SIZE, last_chunk, LAST_CHUNK_SIZE) != 0) {
        memmove(client->buffer, client->buffer + used - LAST_CHUNK_SIZE, LAST_CHUNK_SIZE);
        size_t got = receive(client, LAST_CHUNK_SIZE);
        used = LAST_CHUNK_SIZE + got;
        ret_answer->bytes += got;
    }
    ret_answer->last_ns = clock_now_ns();
}

static void measure_first(struct client *client, double seconds) {
    static const double warmup_s = 0.2;
    struct samples samples;
    samples_init(&samples, SAMPLES_AT_START);
    int64_t measure_from_ns = clock_now_ns() + (int64_t)(warmup_s * 1e9);
    int64_t stop_ns = measure_from_ns + (int64_t)(seconds * 1e9);
    for (int64_t sent_ns = clock_now_ns(); sent_ns < stop_ns; sent_ns = clock_now_ns()) {
        struct answer answer;
        send_request(client);
        read_answer(client, &answer);
        if (sent_ns >= measure_from_ns)
            samples_add(&samples, answer.first_ns - sent_ns);
    }
    samples_sort(&samples);
    printf("{\"requests\": %zu, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", samples.count,
           samples_percentile_us(&samples, 50), samples_percentile_us(&samples, 99));
}

static void measure_whole(struct client *client) {
    int64_t sent_ns = clock_now_ns();
    struct answer answer;
    send_request(client);
    read_answer(client, &answer);
    double seconds = (double)(answer.last_ns - sent_ns) / 1e9;
    printf("{\"bytes\": %" PRIu64 ", \"seconds\": %.4f, \"mb_per_s\": %.1f}\n", answer.bytes, seconds,
           (double)answer.bytes / (1024 * 1024) / seconds);
}

static void read_slowly(struct client *client, const struct options *options) {
    for (int i = 0; i < options->slow; i++) {
        client->fd = open_connection(options); /* stays open until the program ends */
        send_request(client);
        size_t body_at;
        read_head(client, &body_at);
    }
    printf("{\"begun\": %d}\n", options->slow);
    fflush(stdout);
    while (getchar() != EOF)
        continue;
}

static void apply_option(struct options *options, int letter, char *value) {
    switch (letter) {
    case 'p': options->port = (uint16_t)atoi(value); break;
    case 'f': options->function = value; break;
    case 'd': options->payload = value; break;
    case 'k': options->key.access_key = value; break;
    case 'K': options->key.secret_key = value; break;
    case 'r': options->key.region = value; break;
    case 'b': options->is_buffered = true; break;
    case 'F': options->first_s = atof(value); break;
    case 'w': options->is_whole = true; break;
    case 's': options->slow = atoi(value); break;
    default: die("unknown option; see the head of bench/stream_load.c");
    }
}

static struct options read_options(int argc, char **argv) {
    static const struct option known[] = {
        {"port", required_argument, NULL, 'p'},
        {"function", required_argument, NULL, 'f'},
        {"payload", required_argument, NULL, 'd'},
        {"access-key", required_argument, NULL, 'k'},
        {"secret-key", required_argument, NULL, 'K'},
        {"region", required_argument, NULL, 'r'},
        {"buffered", no_argument, NULL, 'b'},
        {"first", required_argument, NULL, 'F'},
        {"whole", no_argument, NULL, 'w'},
        {"slow", required_argument, NULL, 's'},
        {0},
    };
    struct options options = {.payload = "{}"};
    int letter;
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1)
        apply_option(&options, letter, optarg);
    if (!options.port || !options.function ||
        (options.first_s > 0) + options.is_whole + (options.slow > 0) != 1)
        die("--port, --function and one of --first, --whole and --slow are needed");
    return options;
}

int main(int argc, char **argv) {
    static struct client client;
    struct options options = read_options(argc, argv);
    build_request(&client, &options);
    if (options.slow) {
        read_slowly(&client, &options);
        return 0;
    }
    client.fd = open_connection(&options);
    if (options.is_whole)
        measure_whole(&client);
    else
        measure_first(&client, options.first_s);
    return 0;
}
