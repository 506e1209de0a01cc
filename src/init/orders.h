/* What lamb-init does once its sandbox is in use: carries out lamb serve's orders (sandbox/control_packet.h),
 * takes the limits that lamb-spawner sends, reaps whatever ends, and tells of programs. */
#pragma once

#include "init/programs.h"
#include "sandbox/inside.h"

/* SIGCHLD must be blocked since before the first program was started. Returns never: the process ends, and
 * with it the sandbox, when either socket is closed on the other side. */
_Noreturn void orders_follow(const struct inside_seed *seed, int control, struct programs *programs);
