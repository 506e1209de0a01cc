/* How many invocations may run at once. Running totals: one comparison and one addition per call.
 * Source: Lambda Developer Guide, "Understanding Lambda function scaling". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct admission {
    uint32_t limit;   /* of the account */
    uint32_t running; /* admitted and not finished, waiting for an environment included */
};

void admission_init(struct admission *admission, uint32_t limit);

/* False when the limit is reached; *ret_reason is then the service's Reason. */
bool admission_enter(struct admission *admission, const char **ret_reason);
void admission_leave(struct admission *admission);
