/* The work behind Pending and InProgress: the package is unpacked, then $LATEST or a published version
 * becomes Active (or Failed), durably, and from then on calls run it. */
#pragma once

#include "api/lambda/lambda.h"

/* Starts it for the values just committed, which have the same code; each may be NULL. Nothing waits for it;
 * operations that must not overlap are refused by the state itself. */
void settle_start(struct lambda *lambda, struct catalogue_entry *entry, const struct function *latest,
                  const struct function *version);
