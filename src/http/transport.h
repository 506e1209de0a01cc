/* How a connection's bytes come and go: straight through its socket, or through TLS when `tls` is not NULL.
 * As the system calls they are named after; see tls.h for what differs. For the server's files alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "http/tls.h"

ssize_t transport_receive(int fd, struct tls_session *tls, void *place, size_t room);
ssize_t transport_send(int fd, struct tls_session *tls, struct iovec *parts, size_t count);

/* Says that nothing more will come. -1 and EAGAIN: again, when the socket is ready for writing. */
int transport_shut(int fd, struct tls_session *tls);

/* The events of the socket that these operations wait for, and the operations that may go on after these
 * events (enum loop_events). */
int transport_events(const struct tls_session *tls, int wanted);
int transport_ready(const struct tls_session *tls, int events);

/* Bytes, or an end, that the socket does not show any more. */
bool transport_has_more(const struct tls_session *tls);

bool transport_is_handshaking(const struct tls_session *tls);

/* The first byte that came begins a plain request: TLS begins with a record of type handshake (22). */
bool transport_is_plain_request(int fd);
