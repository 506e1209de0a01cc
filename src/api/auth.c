/* Access keys and signatures. Loop thread (auth_init: start-up). Exceptions and texts are those of the AWS
 * front door, from "Common errors" of the API references and "Troubleshoot Signature Version 4" of the IAM
 * User Guide. */
#include "api/auth.h"

#include <stdio.h>
#include <string.h>

#include "base/ident.h"
#include "base/log.h"
#include "base/mem.h"

#define KEY_ID_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
#define SECRET_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
#define KEY_ID_RANDOM_CHARS 16
#define SECRET_CHARS 40

static bool keep_key(void *arg, const struct access_key *key, struct err *err) {
    (void)err;
    struct auth *auth = arg;
    free(map_put(&auth->keys, key->id, mem_copy(key, sizeof *key)));
    return true;
}

static const struct access_key *find_root(const struct auth *auth, const char *arn) {
    size_t cursor = 0;
    void *value;
    while (map_next(&auth->keys, &cursor, NULL, &value)) {
        const struct access_key *key = value;
        if (strcmp(key->arn, arn) == 0)
            return key;
    }
    return NULL;
}

static bool make_root(struct auth *auth, struct db *db, const char *account, const char *arn,
                      struct err *err) {
    struct access_key key = {.id = "AKIA"};
    ident_from_alphabet(key.id + strlen(key.id), KEY_ID_RANDOM_CHARS, KEY_ID_ALPHABET);
    ident_from_alphabet(key.secret, SECRET_CHARS, SECRET_ALPHABET);
    snprintf(key.account, sizeof key.account, "%s", account);
    snprintf(key.arn, sizeof key.arn, "%s", arn);
    if (!store_key_put(db, &key, err))
        return err_wrap(err, "make the root access key");
    log_info("auth.root_key_made", "id=%s account=%s", key.id, account);
    return keep_key(auth, &key, err);
}

bool auth_init(struct auth *auth, struct db *db, const char *region, const char *account,
               bool requires_signature, struct err *err) {
    *auth = (struct auth){.region = region, .requires_signature = requires_signature};
    map_init(&auth->keys);
    char arn[sizeof auth->root->arn];
    snprintf(arn, sizeof arn, "arn:aws:iam::%s:root", account);
    bool ok = store_keys_read(db, keep_key, auth, err) &&
              (find_root(auth, arn) || make_root(auth, db, account, arn, err));
    if (!ok) {
        auth_done(auth);
        return false;
    }
    auth->root = find_root(auth, arn);
    return true;
}

void auth_done(struct auth *auth) {
    size_t cursor = 0;
    void *value;
    while (map_next(&auth->keys, &cursor, NULL, &value)) {
        mem_wipe(value, sizeof(struct access_key));
        free(value);
    }
    map_done(&auth->keys);
    mem_wipe(&auth->cache, sizeof auth->cache);
}

/* sigv4 left its own text in refusal->err. */
static bool refuse_result(struct auth_refusal *refusal, enum sigv4_result result) {
    static const enum api_exception exceptions[] = {
        [SIGV4_OK] = API_SERVICE,
        [SIGV4_MISSING] = API_MISSING_AUTHENTICATION_TOKEN,
        [SIGV4_INCOMPLETE] = API_INCOMPLETE_SIGNATURE,
        [SIGV4_EXPIRED] = API_INVALID_SIGNATURE,
        [SIGV4_MISMATCH] = API_INVALID_SIGNATURE,
    };
    refusal->exception = exceptions[result];
    return false;
}

/* The key that the claim names, whose signature is still to be verified; NULL when the request is refused. */
static const struct access_key *find_key(const struct auth *auth, const struct sigv4_claim *claim,
                                         struct auth_refusal *refusal) {
    const struct access_key *key = map_get(&auth->keys, claim->access_key);
    /* A long-lived key has no session: a token beside it is as wrong as an unknown key. */
    if (!key || claim->session_token[0]) {
        refusal->exception = API_UNRECOGNIZED_CLIENT;
        err_set(&refusal->err, ERR_UNAUTHENTICATED, "The security token included in the request is invalid.");
        return NULL;
    }
    if (strcmp(claim->region, auth->region) != 0) {
        refusal->exception = API_INVALID_SIGNATURE;
        err_set(&refusal->err, ERR_UNAUTHENTICATED,
                "Credential should be scoped to a valid region. This Lamb serves '%s' (setting `region`), "
                "not '%s'.",
                auth->region, claim->region);
        return NULL;
    }
    return key;
}

bool auth_check_claim(const struct auth *auth, const struct http_request *request,
                      struct auth_refusal *refusal) {
    struct sigv4_claim claim;
    if (!auth->requires_signature)
        return true;
    enum sigv4_result result = sigv4_parse(request, &claim, &refusal->err);
    if (result != SIGV4_OK)
        return refuse_result(refusal, result);
    return find_key(auth, &claim, refusal) != NULL;
}

bool auth_check(struct auth *auth, const struct http_request *request, int64_t now_s,
                const struct access_key **ret_caller, char ret_service[AUTH_SERVICE_BYTES],
                struct auth_refusal *refusal) {
    struct sigv4_claim claim;
    enum sigv4_result result = sigv4_parse(request, &claim, &refusal->err);
    if (!auth->requires_signature) {
        *ret_caller = auth->root;
        snprintf(ret_service, AUTH_SERVICE_BYTES, "%s", result == SIGV4_OK ? claim.service : "");
        return true;
    }
    if (result != SIGV4_OK)
        return refuse_result(refusal, result);
    const struct access_key *key = find_key(auth, &claim, refusal);
    if (!key)
        return false;
    result = sigv4_verify(&auth->cache, &claim, request, key->secret, now_s, &refusal->err);
    if (result != SIGV4_OK)
        return refuse_result(refusal, result);
    *ret_caller = key;
    memcpy(ret_service, claim.service, sizeof claim.service);
    return true;
}
