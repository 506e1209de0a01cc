/* What a floor sandbox gives up just before exec: descriptors, processes, its user, its capabilities,
 * system calls. */
#pragma once

#include <linux/filter.h>

/* A filter that answers EPERM to about fifty calls, as a binary tree: half the install cost of a linear list.
 * Built once, outside the measurement. The memory lives as long as the program. */
struct sock_fprog confine_build_filter(void);

/* Makes a user namespace with the ids 0..65535 mapped to 100000..165535 and returns its fd. It is made by
 * a short-lived process, so that entering it later is one call and no handshake. Dies on failure. */
int confine_make_user_namespace(void);

/* In the sandbox's own process, which is single-threaded and about to exec: limits, user namespace, uid
 * and gid 1000, no capabilities, no new privileges, the filter. Dies on failure. */
void confine_self(int user_namespace, const struct sock_fprog *filter);
