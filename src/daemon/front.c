/* See front.h. */
#include "daemon/front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/texts.h"
#include "http/tls.h"
#include "sys/fd.h"
#include "sys/work.h"

/* A client may idle for so long between requests, take so long for a handshake or a request's head, and pause
 * so long within a body. */
#define FRONT_IDLE_MS 120000
#define FRONT_HEADER_MS 20000
#define FRONT_BODY_MS 30000

struct place {
    int fd; /* until there is a listener */
    bool has_tls;
    char *url;
};

struct front {
    int32_t max_connections;
    struct place places[FRONT_PLACES];
    size_t count;
    size_t first; /* of the places: the endpoint */
    struct buf others;
    struct http_listener *listeners[FRONT_PLACES + 1];

    char **certs, **keys; /* files */
    struct tls_context *tls;
    struct loop *loop;
    struct loop_signal *hangup;
    bool is_loading, loads_again;

    size_t open; /* listeners that drain */
    void (*closed)(void *arg);
    void *closed_arg;
};

/* ---- addresses ---- */

static char *url_of(int fd, const char *scheme) {
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    char text[INET6_ADDRSTRLEN] = "127.0.0.1";
    unsigned port = http_listen_port(fd);
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return mem_format("%s127.0.0.1:%u", scheme, port);
    if (address.ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&address)->sin6_addr, text, sizeof text);
        return mem_format("%s[%s]:%u", scheme, strcmp(text, "::") == 0 ? "::1" : text, port);
    }
    inet_ntop(AF_INET, &((struct sockaddr_in *)&address)->sin_addr, text, sizeof text);
    return mem_format("%s%s:%u", scheme, strcmp(text, "0.0.0.0") == 0 ? "127.0.0.1" : text, port);
}

/* "127.0.0.1:4566", "http://[::1]:4566", "https://0.0.0.0:443". */
static bool open_place(const char *text, struct place *ret_place, struct err *err) {
    static const char plain[] = "http://", tls[] = "https://";
    bool has_tls = strncmp(text, tls, strlen(tls)) == 0;
    const char *rest = text;
    if (has_tls)
        rest += strlen(tls);
    else if (strncmp(text, plain, strlen(plain)) == 0)
        rest += strlen(plain);
    OWN_MEM char *address = mem_text(rest);
    char *colon = strrchr(address, ':');
    char *end = NULL;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
    if (!colon || colon[1] < '0' || colon[1] > '9' || *end != '\0' || port > 65535)
        return err_set(err, ERR_PARAMETER,
                       "setting listen is \"%s\", but must be of the form ADDR:PORT or https://ADDR:PORT",
                       text);
    *colon = '\0';
    char *host = address;
    if (host[0] == '[' && colon > address && colon[-1] == ']') {
        colon[-1] = '\0';
        host++;
    }
    struct place place = {.fd = -1, .has_tls = has_tls};
    if (!http_listen(host, (uint16_t)port, &place.fd, err))
        return err_wrap(err, "setting listen");
    place.url = url_of(place.fd, has_tls ? tls : plain);
    *ret_place = place;
    return true;
}

static bool open_places(struct front *front, const char *list, struct err *err) {
    char **addresses = texts_split(list);
    bool ok = addresses[0] || err_set(err, ERR_PARAMETER, "setting listen is empty");
    for (size_t i = 0; ok && addresses[i]; i++) {
        ok = front->count < FRONT_PLACES
                 ? open_place(addresses[i], &front->places[front->count], err)
                 : err_set(err, ERR_PARAMETER, "setting listen has more than %d addresses", FRONT_PLACES);
        front->count += ok;
    }
    texts_free(addresses);
    return ok;
}

static void choose_endpoint(struct front *front) {
    while (front->first < front->count && front->places[front->first].has_tls)
        front->first++;
    if (front->first == front->count)
        front->first = 0;
    for (size_t i = 0; i < front->count; i++) {
        if (i == front->first)
            continue;
        buf_append_text(&front->others, front->others.len > 0 ? "," : "");
        buf_append_text(&front->others, front->places[i].url);
    }
}

/* ---- certificates ---- */

static bool load(const struct front *front, struct tls_certificates **ret_certificates, struct err *err) {
    return tls_load((const char *const *)front->certs, (const char *const *)front->keys,
                    texts_count(front->certs), ret_certificates, err);
}

static bool read_certificates(struct front *front, const struct config *config, struct err *err) {
    bool is_wanted = false;
    for (size_t i = 0; i < front->count; i++)
        is_wanted = is_wanted || front->places[i].has_tls;
    front->certs = texts_split(config->tls_cert);
    front->keys = texts_split(config->tls_key);
    size_t certs = texts_count(front->certs), keys = texts_count(front->keys);
    if (certs != keys)
        return err_set(
            err, ERR_PARAMETER,
            "setting tls-cert has %zu files and setting tls-key %zu, but each certificate needs its "
            "key, in the same order",
            certs, keys);
    if (is_wanted && certs == 0)
        return err_set(err, ERR_PARAMETER,
                       "setting listen has an https:// address, so settings tls-cert and tls-key are needed");
    if (!is_wanted && certs > 0)
        return err_set(err, ERR_PARAMETER,
                       "setting tls-cert is given, but no address in setting listen begins with https://");
    struct tls_certificates *certificates;
    if (!is_wanted)
        return true;
    if (!load(front, &certificates, err))
        return false;
    front->tls = tls_context_new(certificates);
    return true;
}

struct loading {
    struct front *front;
    struct tls_certificates *certificates;
    bool ok;
    struct err err;
};

static void reload(void *arg);

static void run_loading(void *job) {
    struct loading *loading = job;
    loading->ok = load(loading->front, &loading->certificates, &loading->err);
}

static void on_loaded(void *job) {
    OWN_MEM struct loading *loading = job;
    struct front *front = loading->front;
    front->is_loading = false;
    if (loading->ok) {
        tls_context_replace(front->tls, loading->certificates);
        log_info("tls.reloaded", "certificates=%zu", texts_count(front->certs));
    } else if (loading->err.errnum == EACCES) {
        log_error(
            "tls.reload_failed",
            "reason=\"%s\" needed=\"uid %u must be able to read it\" consequence=\"the certificates from "
            "before stay in use\"",
            loading->err.text, (unsigned)geteuid());
    } else {
        log_error("tls.reload_failed",
                  "reason=\"%s\" consequence=\"the certificates from before stay in use\"",
                  loading->err.text);
    }
    if (front->loads_again && front->hangup)
        reload(front);
}

/* A second wish while files are being read may be about newer ones. */
static void reload(void *arg) {
    struct front *front = arg;
    front->loads_again = front->is_loading;
    if (front->is_loading)
        return;
    front->is_loading = true;
    struct loading *loading = mem_alloc(sizeof *loading);
    loading->front = front;
    work_run(front->loop, run_loading, on_loaded, loading);
}

/* Said at the start, since the renewal that would find it out comes months later. */
static void warn_of_unreadable(char *const *files) {
    for (size_t i = 0; files[i]; i++)
        if (access(files[i], R_OK) != 0)
            log_warn("tls.not_reloadable",
                     "file=\"%s\" reason=\"%s\" needed=\"uid %u must be able to read it, else SIGHUP can't "
                     "renew it\"",
                     files[i], strerror(errno), (unsigned)geteuid());
}

/* ---- life ---- */

bool front_open(const struct config *config, struct front **ret_front, struct err *err) {
    struct front *front = mem_alloc(sizeof *front);
    front->max_connections = (int32_t)config->max_connections;
    buf_init(&front->others, 4096);
    if (!open_places(front, config->listen, err) || !read_certificates(front, config, err)) {
        front_free(front);
        return false;
    }
    choose_endpoint(front);
    *ret_front = front;
    return true;
}

const char *front_endpoint(const struct front *front) {
    return front->places[front->first].url;
}

const char *front_other_endpoints(const struct front *front) {
    return buf_text(&front->others);
}

void front_start(struct front *front, struct loop *loop, const struct clock *clock,
                 const struct http_handler *handler, void *arg) {
    struct http_options options = {
        .send_date = true,
        .max_connections = front->max_connections,
        .idle_timeout_ms = FRONT_IDLE_MS,
        .header_timeout_ms = FRONT_HEADER_MS,
        .body_timeout_ms = FRONT_BODY_MS,
    };
    front->loop = loop;
    for (size_t i = 0; i < front->count; i++) {
        options.tls = front->places[i].has_tls ? front->tls : NULL;
        front->listeners[i] = http_listener_new(loop, take_fd(&front->places[i].fd), handler, arg, &options,
                                                clock);
    }
    if (!front->tls)
        return;
    warn_of_unreadable(front->certs);
    warn_of_unreadable(front->keys);
    front->hangup = loop_signal_new(loop, SIGHUP, reload, front);
}

const struct http_listener *const *front_listeners(const struct front *front) {
    return (const struct http_listener *const *)front->listeners;
}

static void on_closed(void *arg) {
    struct front *front = arg;
    if (--front->open == 0)
        front->closed(front->closed_arg);
}

void front_drain(struct front *front, void (*closed)(void *arg), void *arg) {
    front->closed = closed;
    front->closed_arg = arg;
    front->open = front->count;
    for (size_t i = 0; i < front->count; i++)
        http_listener_drain(front->listeners[i], on_closed, front);
}

void front_close(struct front *front) {
    loop_signal_free(take_ptr(front->hangup));
    for (size_t i = 0; i < front->count; i++)
        http_listener_free(take_ptr(front->listeners[i]));
}

bool front_is_pending(const struct front *front) {
    return front->is_loading;
}

void front_free(struct front *front) {
    if (!front)
        return;
    front_close(front);
    for (size_t i = 0; i < front->count; i++) {
        fd_close(&front->places[i].fd);
        free(front->places[i].url);
    }
    buf_done(&front->others);
    tls_context_free(front->tls);
    texts_free(front->certs);
    texts_free(front->keys);
    free(front);
}
