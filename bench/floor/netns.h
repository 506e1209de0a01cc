/* The Runtime API listener of one environment, made inside the environment's own network namespace, and
 * the passing of file descriptors that carries it to the daemon. Used by the floor programs alone. */
#pragma once

/* Brings lo up in the caller's network namespace and returns a socket listening on 127.0.0.1:9001. Dies on
 * failure. */
int netns_listen(void);

/* Sends or receives one fd with one byte of data over a unix socket. netns_receive_fd returns -1 when the
 * peer is gone. netns_send_fd returns 0 or -1 with errno. */
int netns_send_fd(int socket, int fd, char tag);
int netns_receive_fd(int socket, char *ret_tag);

/* Dies with an explanation unless the caller may make network namespaces (CAP_SYS_ADMIN). */
void netns_require_root(void);
