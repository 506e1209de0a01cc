/* See admission.h. */
#include "invoke/admission.h"

#include <assert.h>

void admission_init(struct admission *admission, uint32_t limit) {
    admission->limit = limit;
    admission->running = 0;
}

bool admission_enter(struct admission *admission, const char **ret_reason) {
    if (admission->running >= admission->limit) {
        *ret_reason = "ConcurrentInvocationLimitExceeded";
        return false;
    }
    admission->running++;
    return true;
}

void admission_leave(struct admission *admission) {
    assert(admission->running > 0);
    admission->running--;
}
