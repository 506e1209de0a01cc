/* The packets between lamb serve (control.h) and lamb-init (init/orders.h). Each is this struct; behind that
 * of RUN stand the program's bytes (program.h).
 *
 *   type         from   program   value             errnum                       descriptors
 *   RUN          serve  its own   -                 -                            stdout and stderr
 *   SIGNAL       serve  whose     signal            -                            -
 *   CLEAR        serve  -         -                 -                            -
 *   STOP         serve  -         1: stop, 0: go    -                            -
 *   MAKE_SOCKET  serve  -         -                 -                            -
 *   EXITED       init   whose     its wait status   why it was not executed, 0   -
 *   CLEARED      init   -         -                 -                            -
 *   MADE_SOCKET  init   -         -                 why it could not, 0          the socket
 *
 * Orders are carried out one after the other; CLEAR takes until CLEARED. */
#pragma once

#include <stdint.h>

#include "base/limits.h"

enum control_type {
    CONTROL_RUN = 1,
    CONTROL_SIGNAL,
    CONTROL_CLEAR,
    CONTROL_STOP,
    CONTROL_MAKE_SOCKET,
    CONTROL_EXITED,
    CONTROL_CLEARED,
    CONTROL_MADE_SOCKET,
};

struct control_packet {
    uint32_t type;
    uint32_t program;
    int32_t value;
    int32_t errnum;
};

#define CONTROL_MAX_BYTES (sizeof(struct control_packet) + LIMIT_PLAN_BYTES)

/* What a shell gives for a command that is not there, or is there and can't be executed (POSIX, 2.8.2). */
#define CONTROL_NOT_FOUND 127
#define CONTROL_NOT_EXECUTABLE 126
