/* Who a request comes from: access keys and sessions in memory, and the verification of SigV4 signatures
 * against them. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "api/error.h"
#include "api/keys.h"
#include "api/principal.h"
#include "api/session.h"
#include "base/map.h"
#include "http/request.h"
#include "http/sigv4.h"

#define AUTH_SERVICE_BYTES 65

struct api_options;
struct clock;
struct db;
struct identities;

struct auth {
    const struct api_options *options;
    const struct identities *identities;
    struct map keys;               /* id -> struct access_key, owned */
    const struct access_key *root; /* of the main account */
    struct sessions sessions;
    struct sigv4_cache cache;
};

/* What it is made from. Options and identities must outlive it. */
struct auth_setup {
    const struct api_options *options;
    const struct identities *identities;
    const struct clock *clock;
    struct records *records;
    struct db *db;
};

/* Reads from the records the keys of the accounts that the options name (what others have is kept, but nobody
 * can call as them); makes the root keys of the accounts and the key of sessions where there
 * are none. Blocks: start-up. */
bool auth_init(struct auth *auth, const struct auth_setup *setup, struct err *err);
void auth_done(struct auth *auth);

/* The root key of an account that was made at start, or NULL. */
const struct access_key *auth_root_key(const struct auth *auth, const char *account);

/* After a change was committed: takes over what the record of a key says now. Records of other kinds are
 * fine. */
void auth_refresh(struct auth *auth, const struct records *records, const struct record_key *key);

/* How a request was refused. */
struct auth_refusal {
    enum api_exception exception;
    struct err err;
};

/* Whether the request at least claims to come from a key that exists: for refusing large bodies before they
 * are read. */
bool auth_check_claim(struct auth *auth, const struct http_request *request, int64_t now_s,
                      struct auth_refusal *refusal);

/* Verifies the signature at wall-clock time now_s. *ret_service is the service that the caller signed for, ""
 * when the request has no signature. Where none is required the caller is the root user of the account whose
 * key the request names, or else of the main account. */
bool auth_check(struct auth *auth, const struct http_request *request, int64_t now_s, bool requires_signature,
                struct principal *ret_caller, char ret_service[AUTH_SERVICE_BYTES],
                struct auth_refusal *refusal);
