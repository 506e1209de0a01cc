/* See session.h. The sealed text is lines: account, role, id of the role, session, key id, secret, and when
 * it began and expires in seconds since 1970. None of them can have a line feed in it. */
#include "api/session.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"

#define LINE_COUNT 8
#define TEXT_BYTES 512 /* eight lines, the longest a name of 64 characters */
#define SEALED_BYTES (TEXT_BYTES + SEAL_EXTRA_BYTES)

static_assert(SEALED_BYTES * 4 / 3 + 8 < SESSION_TOKEN_BYTES, "every token fits");

void sessions_init(struct sessions *sessions, const uint8_t key[SEAL_KEY_BYTES]) {
    memcpy(sessions->key, key, SEAL_KEY_BYTES);
    map_init(&sessions->opened);
}

static void forget_all(struct sessions *sessions) {
    size_t cursor = 0;
    const char *key_id;
    void *value;
    while (map_next(&sessions->opened, &cursor, &key_id, &value)) {
        struct session *session = value;
        mem_wipe(session->secret, sizeof session->secret);
        mem_wipe(session->token, strlen(session->token));
        free(session->token);
        free(session);
    }
    map_done(&sessions->opened);
    map_init(&sessions->opened);
}

void sessions_done(struct sessions *sessions) {
    forget_all(sessions);
    map_done(&sessions->opened);
    mem_wipe(sessions->key, sizeof sessions->key);
}

void sessions_grant(const struct sessions *sessions, const struct session_request *request,
                    struct session_credentials *ret_credentials) {
    char text[TEXT_BYTES];
    unsigned char sealed[SEALED_BYTES];
    key_draw("ASIA", ret_credentials->key_id, ret_credentials->secret);
    int len = snprintf(text, sizeof text, "%.12s\n%.64s\n%.32s\n%.64s\n%s\n%s\n%lld\n%lld", request->account,
                       request->role, request->role_id, request->name, ret_credentials->key_id,
                       ret_credentials->secret, (long long)request->issued_s, (long long)request->expires_s);
    seal_make(sessions->key, text, (size_t)len, sealed);
    digest_base64_encode(sealed, (size_t)len + SEAL_EXTRA_BYTES, ret_credentials->token);
    mem_wipe(text, sizeof text);
}

void session_describe(const struct session_request *request, struct principal *ret_principal) {
    *ret_principal = (struct principal){.kind = PRINCIPAL_SESSION, .issued_s = request->issued_s};
    snprintf(ret_principal->account, sizeof ret_principal->account, "%s", request->account);
    snprintf(ret_principal->name, sizeof ret_principal->name, "%s", request->role);
    snprintf(ret_principal->arn, sizeof ret_principal->arn, "arn:aws:sts::%s:assumed-role/%s/%s",
             request->account, request->role, request->name);
    snprintf(ret_principal->id, sizeof ret_principal->id, "%s:%s", request->role_id, request->name);
}

/* The text of a token into `text`, NUL-terminated. */
static bool unseal(const struct sessions *sessions, const char *token, char text[TEXT_BYTES + 1]) {
    unsigned char sealed[SEALED_BYTES];
    size_t len = strlen(token);
    if (digest_base64_decoded_bytes(len) > sizeof sealed || !digest_base64_decode(token, len, sealed, &len) ||
        !seal_open(sessions->key, sealed, len, text))
        return false;
    text[len - SEAL_EXTRA_BYTES] = '\0';
    return true;
}

static struct session *read_session(char *text, const char *key_id) {
    char *lines[LINE_COUNT] = {0};
    for (size_t i = 0; i < LINE_COUNT; i++)
        lines[i] = strsep(&text, "\n");
    if (!lines[LINE_COUNT - 1] || strcmp(lines[4], key_id) != 0)
        return NULL;
    const struct session_request said = {
        .account = lines[0],
        .role = lines[1],
        .role_id = lines[2],
        .name = lines[3],
        .issued_s = strtoll(lines[6], NULL, 10),
    };
    struct session *session = mem_alloc(sizeof *session);
    session_describe(&said, &session->principal);
    snprintf(session->secret, sizeof session->secret, "%s", lines[5]);
    session->expires_s = strtoll(lines[7], NULL, 10);
    return session;
}

const struct session *sessions_open(struct sessions *sessions, const char *key_id, const char *token) {
    struct session *known = map_get(&sessions->opened, key_id);
    size_t len = strlen(token);
    if (known)
        return strlen(known->token) == len && digest_equal(known->token, token, len) ? known : NULL;
    char text[TEXT_BYTES + 1];
    struct session *session = unseal(sessions, token, text) ? read_session(text, key_id) : NULL;
    mem_wipe(text, sizeof text);
    if (!session)
        return NULL;
    session->token = mem_text(token);
    if (sessions->opened.count >= SESSIONS_REMEMBERED)
        forget_all(sessions); /* each one that is still in use comes back with its next call */
    map_put(&sessions->opened, key_id, session);
    return session;
}
