/* Temporary credentials of a role. Nothing is stored: all there is to know is sealed into the session token
 * with a key that is made at the first start, so that credentials survive a restart and need no clean-up.
 * Loop thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "api/keys.h"
#include "api/principal.h"
#include "base/map.h"
#include "base/seal.h"

/* Most bytes of a token, NUL included: what SigV4 parsing keeps. */
#define SESSION_TOKEN_BYTES 2049

/* Opened tokens that are remembered, so that a call with one costs what a call with a key costs. */
#define SESSIONS_REMEMBERED 1024

struct sessions {
    uint8_t key[SEAL_KEY_BYTES];
    struct map opened; /* access key id -> struct session, owned */
};

struct session_request {
    const char *account;
    const char *role;    /* its name, without path */
    const char *role_id; /* "AROA...": another role of the same name is not meant */
    const char *name;    /* of the session */
    int64_t issued_s;
    int64_t expires_s;
};

struct session_credentials {
    char key_id[KEY_ID_BYTES];
    char secret[KEY_SECRET_BYTES];
    char token[SESSION_TOKEN_BYTES];
};

/* What a token says. */
struct session {
    char secret[KEY_SECRET_BYTES];
    struct principal principal;
    int64_t expires_s;
    char *token; /* which was opened */
};

void sessions_init(struct sessions *sessions, const uint8_t key[SEAL_KEY_BYTES]);
void sessions_done(struct sessions *sessions);

/* Texts longer than IAM allows are cut. The caller wipes the credentials. */
void sessions_grant(const struct sessions *sessions, const struct session_request *request,
                    struct session_credentials *ret_credentials);

/* NULL when the token was not made here or not for this key id. Whether it is expired is for the caller to
 * see. It stays until the next call. */
const struct session *sessions_open(struct sessions *sessions, const char *key_id, const char *token);

/* "arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION" and "AROA...:SESSION". */
void session_describe(const struct session_request *request, struct principal *ret_principal);
