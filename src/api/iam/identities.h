/* All users, roles and managed policies of all accounts, AWS's own managed policies among them, with their
 * policies read. The records (api/records.h) are what lasts; this is made from them. Loop thread only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "api/iam/identity.h"
#include "api/records.h"
#include "base/map.h"
#include "base/turns.h"

#define IDENTITIES_AWS "aws" /* the account of AWS's managed policies */

struct identities {
    struct map map;
    struct map attachments; /* "ACCOUNT ARN" of a managed policy -> how many have it attached, as a number */
    struct turns turns;     /* changes are made one after the other: rules look at several of them */
};

/* ERR_CORRUPT. Blocks: start-up. */
bool identities_init(struct identities *identities, const struct records *records, struct err *err);
void identities_done(struct identities *identities);

/* NULL when there is none. Names are compared without case, as IAM does. What is returned stays until the
 * record changes: not longer than until the loop's next turn. */
const struct identity *identities_find(const struct identities *identities, enum identity_kind kind,
                                       const char *account, const char *name);

/* The role or managed policy of this ARN, to the letter. */
const struct identity *identities_find_arn(const struct identities *identities, enum identity_kind kind,
                                           const char *arn);

/* How many users and roles of the account have the policy attached. */
size_t identities_count_attached(const struct identities *identities, const char *account, const char *arn);

/* After a change was committed: takes over what the record says now. Records of other kinds are fine. */
void identities_refresh(struct identities *identities, const struct records *records,
                        const struct record_key *key);

/* The name of an identity's record: in lower case, so that two names that differ in case alone are one. */
char *identities_record_name(const char *name); /* fresh memory */
