/* lamb-init: the first process of a sandbox. It prepares everything that does not depend on the function,
 * starts the process that will become the function's, gives up every privilege, and from then on only reaps.
 */
#pragma once

#include "sandbox/inside.h"

/* Called by the process that the spawner cloned with new pid, IPC and UTS namespaces; never returns. */
_Noreturn void init_run(const struct inside_seed *seed);
