/* Who a request comes from: access keys in memory and the verification of SigV4 signatures against them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "api/error.h"
#include "base/map.h"
#include "http/request.h"
#include "http/sigv4.h"
#include "store/keys.h"

#define AUTH_SERVICE_BYTES 65

struct auth {
    bool requires_signature;
    const char *region;
    struct map keys; /* id -> struct access_key, owned */
    const struct access_key *root;
    struct sigv4_cache cache;
};

/* Reads all keys; makes the root key of the account when it has none. Blocks: start-up. `region` must outlive
 * it. */
bool auth_init(struct auth *auth, struct db *db, const char *region, const char *account,
               bool requires_signature, struct err *err);
void auth_done(struct auth *auth);

/* How a request was refused. */
struct auth_refusal {
    enum api_exception exception;
    struct err err;
};

/* Whether the request at least claims to come from a key that exists: for refusing large bodies before they
 * are read. */
bool auth_check_claim(const struct auth *auth, const struct http_request *request,
                      struct auth_refusal *refusal);

/* Verifies the signature at wall-clock time now_s. *ret_service is the service that the caller signed for, ""
 * when the request has no signature (which is accepted only where none is required; the caller is the root
 * user then). */
bool auth_check(struct auth *auth, const struct http_request *request, int64_t now_s,
                const struct access_key **ret_caller, char ret_service[AUTH_SERVICE_BYTES],
                struct auth_refusal *refusal);
