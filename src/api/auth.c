/* Access keys and signatures. Exceptions and texts are those of the AWS front door, from "Common errors" of
 * the API references and "Troubleshoot Signature Version 4" of the IAM User Guide. */
#include "api/auth.h"

#include <stdio.h>
#include <string.h>

#include "api/iam/identities.h"
#include "api/options.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/ident.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/change.h"

#define SESSION_KEY_RECORD "session-key"
#define SESSION_KEY_DOCUMENT_BYTES (2 * SEAL_KEY_BYTES + 3) /* hex digits in quotation marks */

/* Where clients sign for services that have one place for all regions. */
#define GLOBAL_REGION "us-east-1"

/* ---- keys ---- */

static void free_key(struct access_key *key) {
    if (!key)
        return;
    mem_wipe(key, sizeof *key);
    free(key);
}

static void keep_key(struct auth *auth, const struct access_key *key) {
    sigv4_cache_forget(&auth->cache, key->id);
    free_key(map_put(&auth->keys, key->id, mem_copy(key, sizeof *key)));
}

static void drop_key(struct auth *auth, const char *id) {
    sigv4_cache_forget(&auth->cache, id);
    free_key(map_remove(&auth->keys, id));
}

const struct access_key *auth_root_key(const struct auth *auth, const char *account) {
    size_t cursor = 0;
    void *value;
    while (map_next(&auth->keys, &cursor, NULL, &value)) {
        const struct access_key *key = value;
        if (key->user[0] == '\0' && strcmp(key->account, account) == 0)
            return key;
    }
    return NULL;
}

void auth_refresh(struct auth *auth, const struct records *records, const struct record_key *key) {
    struct access_key read;
    struct err err;
    if (strcmp(key->kind, KEY_RECORD) != 0)
        return;
    const char *document = records_get(records, key);
    const struct record record = {*key, document};
    if (!document)
        drop_key(auth, key->name);
    else if (key_read(&record, &read, &err))
        keep_key(auth, &read);
    else
        log_error("auth.unreadable_key", "id=%s text=\"%s\"", key->name, err.text);
    mem_wipe(&read, sizeof read);
}

/* ---- start ---- */

static bool put_record(const struct auth_setup *setup, const struct record_key *key, const char *document,
                       struct err *err) {
    const struct store_step step = {.kind = STORE_RECORD_PUT, .key = *key, .document = document};
    if (!store_apply(setup->db, &step, 1, err))
        return false;
    records_put(setup->records, key, document);
    return true;
}

/* Whether the settings still name the account. */
static bool is_served(const struct auth *auth, const char *account) {
    const char *const *further = auth->options->accounts;
    while (further && *further && strcmp(*further, account) != 0)
        further++;
    return (further && *further) || strcmp(auth->options->account, account) == 0;
}

static bool load_keys(struct auth *auth, const struct records *records, struct err *err) {
    for (size_t i = 0; i < records->count; i++) {
        struct access_key key;
        const struct record *record = records->items[i];
        if (strcmp(record->key.kind, KEY_RECORD) != 0 || !is_served(auth, record->key.account))
            continue;
        if (!key_read(record, &key, err))
            return false;
        keep_key(auth, &key);
        mem_wipe(&key, sizeof key);
    }
    return true;
}

static bool make_root(struct auth *auth, const struct auth_setup *setup, const char *account,
                      struct err *err) {
    if (auth_root_key(auth, account))
        return true;
    struct access_key key;
    key_make(&key, account, "", clock_wall_us(setup->clock));
    char *document = key_document(&key);
    const struct record_key record = {.account = account, .scope = "", .kind = KEY_RECORD, .name = key.id};
    bool ok = put_record(setup, &record, document, err);
    if (ok) {
        keep_key(auth, &key);
        log_info("auth.root_key_made", "id=%s account=%s", key.id, account);
    }
    mem_wipe(document, strlen(document));
    free(document);
    mem_wipe(&key, sizeof key);
    return ok || err_wrap(err, "make the root access key of account %s", account);
}

static bool make_roots(struct auth *auth, const struct auth_setup *setup, struct err *err) {
    const char *const *account = setup->options->accounts;
    bool ok = make_root(auth, setup, setup->options->account, err);
    for (; ok && account && *account; account++)
        ok = make_root(auth, setup, *account, err);
    auth->root = auth_root_key(auth, setup->options->account);
    return ok;
}

static bool read_session_key(const char *document, uint8_t key[SEAL_KEY_BYTES], struct err *err) {
    char hex[2 * SEAL_KEY_BYTES + 1] = "";
    if (strlen(document) == SESSION_KEY_DOCUMENT_BYTES - 1)
        memcpy(hex, document + 1, sizeof hex - 1);
    bool ok = digest_unhex(hex, key, SEAL_KEY_BYTES);
    mem_wipe(hex, sizeof hex);
    return ok || err_set(err, ERR_CORRUPT, "the stored key of session tokens is not what was written");
}

static bool find_session_key(const struct auth_setup *setup, uint8_t key[SEAL_KEY_BYTES], struct err *err) {
    const struct record_key name = {.account = "", .scope = "", .kind = SESSION_KEY_RECORD, .name = ""};
    const char *stored = records_get(setup->records, &name);
    if (stored)
        return read_session_key(stored, key, err);
    char document[SESSION_KEY_DOCUMENT_BYTES] = "\"";
    ident_random(key, SEAL_KEY_BYTES);
    digest_hex(key, SEAL_KEY_BYTES, document + 1);
    document[sizeof document - 2] = '"';
    document[sizeof document - 1] = '\0';
    bool ok = put_record(setup, &name, document, err);
    mem_wipe(document, sizeof document);
    return ok || err_wrap(err, "make the key of session tokens");
}

bool auth_init(struct auth *auth, const struct auth_setup *setup, struct err *err) {
    uint8_t session_key[SEAL_KEY_BYTES] = {0};
    *auth = (struct auth){.options = setup->options, .identities = setup->identities};
    map_init(&auth->keys);
    bool ok = load_keys(auth, setup->records, err) && make_roots(auth, setup, err) &&
              find_session_key(setup, session_key, err);
    sessions_init(&auth->sessions, session_key);
    mem_wipe(session_key, sizeof session_key);
    if (!ok)
        auth_done(auth);
    return ok;
}

void auth_done(struct auth *auth) {
    size_t cursor = 0;
    void *value;
    while (map_next(&auth->keys, &cursor, NULL, &value))
        free_key(value);
    map_done(&auth->keys);
    sessions_done(&auth->sessions);
    mem_wipe(&auth->cache, sizeof auth->cache);
}

/* ---- requests ---- */

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

static bool refuse(struct auth_refusal *refusal, enum api_exception exception, const char *text) {
    refusal->exception = exception;
    return err_set(&refusal->err, ERR_UNAUTHENTICATED, "%s", text);
}

/* The secret of a claim and whose it is. */
struct claimed {
    const char *secret;
    const struct access_key *key; /* one of these two */
    const struct session *session;
};

static bool find_claimed(struct auth *auth, const struct sigv4_claim *claim, int64_t now_s,
                         struct claimed *ret_claimed, struct auth_refusal *refusal) {
    *ret_claimed = (struct claimed){0};
    /* A long-lived key has no session: a token beside it is as wrong as an unknown key. */
    if (claim->session_token[0] == '\0') {
        ret_claimed->key = map_get(&auth->keys, claim->access_key);
        ret_claimed->secret = ret_claimed->key ? ret_claimed->key->secret : NULL;
    } else {
        const struct session *session = sessions_open(&auth->sessions, claim->access_key,
                                                      claim->session_token);
        if (session && is_served(auth, session->principal.account))
            ret_claimed->session = session;
        ret_claimed->secret = ret_claimed->session ? ret_claimed->session->secret : NULL;
    }
    if (!ret_claimed->secret)
        return refuse(refusal, API_UNRECOGNIZED_CLIENT,
                      "The security token included in the request is invalid.");
    if (ret_claimed->session && ret_claimed->session->expires_s <= now_s)
        return refuse(refusal, API_EXPIRED_TOKEN, "The security token included in the request is expired");
    return true;
}

static bool is_region(const struct auth *auth, const struct sigv4_claim *claim) {
    bool is_global = strcmp(claim->service, "iam") == 0 || strcmp(claim->service, "sts") == 0;
    return strcmp(claim->region, auth->options->region) == 0 ||
           (is_global && strcmp(claim->region, GLOBAL_REGION) == 0);
}

static bool check_claim(struct auth *auth, const struct sigv4_claim *claim, int64_t now_s,
                        struct claimed *ret_claimed, struct auth_refusal *refusal) {
    if (!find_claimed(auth, claim, now_s, ret_claimed, refusal))
        return false;
    if (is_region(auth, claim))
        return true;
    refusal->exception = API_INVALID_SIGNATURE;
    return err_set(&refusal->err, ERR_UNAUTHENTICATED,
                   "Credential should be scoped to a valid region. This Lamb serves '%s' (setting `region`), "
                   "not '%s'.",
                   auth->options->region, claim->region);
}

bool auth_check_claim(struct auth *auth, const struct http_request *request, int64_t now_s,
                      struct auth_refusal *refusal) {
    struct sigv4_claim claim;
    struct claimed claimed;
    enum sigv4_result result = sigv4_parse(request, &claim, &refusal->err);
    if (result != SIGV4_OK)
        return refuse_result(refusal, result);
    return check_claim(auth, &claim, now_s, &claimed, refusal);
}

static void describe_root(const struct access_key *key, struct principal *ret_principal) {
    *ret_principal = (struct principal){.kind = PRINCIPAL_ROOT};
    memcpy(ret_principal->account, key->account, sizeof key->account);
    snprintf(ret_principal->arn, sizeof ret_principal->arn, "arn:aws:iam::%s:root", key->account);
    memcpy(ret_principal->id, key->account, sizeof key->account);
}

/* False: the user is gone, and his key will be in a moment. */
static bool describe_user(const struct auth *auth, const struct access_key *key,
                          struct principal *ret_principal) {
    const struct identity *user = identities_find(auth->identities, IDENTITY_USER, key->account, key->user);
    if (!user)
        return false;
    *ret_principal = (struct principal){.kind = PRINCIPAL_USER};
    memcpy(ret_principal->account, key->account, sizeof key->account);
    snprintf(ret_principal->name, sizeof ret_principal->name, "%s", user->name);
    snprintf(ret_principal->arn, sizeof ret_principal->arn, "%s", user->arn);
    snprintf(ret_principal->id, sizeof ret_principal->id, "%s", user->id);
    return true;
}

static bool describe(const struct auth *auth, const struct claimed *claimed,
                     struct principal *ret_principal) {
    if (claimed->session)
        *ret_principal = claimed->session->principal;
    else if (claimed->key->user[0])
        return describe_user(auth, claimed->key, ret_principal);
    else
        describe_root(claimed->key, ret_principal);
    return true;
}

bool auth_check(struct auth *auth, const struct http_request *request, int64_t now_s, bool requires_signature,
                struct principal *ret_caller, char ret_service[AUTH_SERVICE_BYTES],
                struct auth_refusal *refusal) {
    struct sigv4_claim claim;
    struct claimed claimed;
    enum sigv4_result result = sigv4_parse(request, &claim, &refusal->err);
    if (!requires_signature) {
        const struct access_key *key = result == SIGV4_OK ? map_get(&auth->keys, claim.access_key) : NULL;
        describe_root(key ? key : auth->root, ret_caller);
        snprintf(ret_service, AUTH_SERVICE_BYTES, "%s", result == SIGV4_OK ? claim.service : "");
        return true;
    }
    if (result != SIGV4_OK)
        return refuse_result(refusal, result);
    if (!check_claim(auth, &claim, now_s, &claimed, refusal))
        return false;
    result = sigv4_verify(&auth->cache, &claim, request, claimed.secret, now_s, &refusal->err);
    if (result != SIGV4_OK)
        return refuse_result(refusal, result);
    if (!describe(auth, &claimed, ret_caller))
        return refuse(refusal, API_UNRECOGNIZED_CLIENT,
                      "The security token included in the request is invalid.");
    memcpy(ret_service, claim.service, sizeof claim.service);
    return true;
}
