/* How an account's concurrency is shared out: reserved for functions, provisioned for their versions and
 * aliases, and what is left for all others. Source: Lambda Developer Guide, "Configuring reserved
 * concurrency" and "Configuring provisioned concurrency". Loop thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "api/lambda/lambda.h"

#define CONCURRENCY_NOT_RESERVED (-1)

/* ReservedConcurrentExecutions of a function, or CONCURRENCY_NOT_RESERVED. */
int64_t concurrency_reserved(const struct catalogue_entry *entry);

/* The sum that is provisioned for all versions and aliases of a function but one (NULL for none). */
int64_t concurrency_provisioned(const struct api *api, const struct catalogue_entry *entry,
                                const char *but_qualifier);

/* UnreservedConcurrentExecutions: the limit of the account without what is reserved and, in functions that
 * have nothing reserved, provisioned. One function may be left out (NULL for none). */
int64_t concurrency_unreserved(const struct lambda *lambda, const char *account,
                               const struct catalogue_entry *but);

/* What must stay unreserved for the functions that reserve nothing. */
int64_t concurrency_minimum(const struct lambda *lambda);

/* To be called when records of kind SETTING_CONCURRENCY or SETTING_PROVISIONED of the function may have
 * changed, or where its aliases lead, or when a version became active, and when the function was deleted:
 * brings what is kept in memory, and what invoke/ does, in line. */
void concurrency_refresh(struct lambda *lambda, struct catalogue_entry *entry);

/* The same for all functions at start. */
void concurrency_restore(struct lambda *lambda);
