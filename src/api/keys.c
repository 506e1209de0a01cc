/* See keys.h. */
#include "api/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ident.h"
#include "base/json.h"
#include "base/mem.h"

#define ID_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
#define SECRET_ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
#define DOCUMENT_BYTES 1024

void key_draw(const char *prefix, char ret_id[KEY_ID_BYTES], char ret_secret[KEY_SECRET_BYTES]) {
    char *end = stpcpy(ret_id, prefix);
    ident_from_alphabet(end, KEY_ID_BYTES - 1 - strlen(prefix), ID_ALPHABET);
    ident_from_alphabet(ret_secret, KEY_SECRET_BYTES - 1, SECRET_ALPHABET);
}

void key_make(struct access_key *ret_key, const char *account, const char *user, int64_t now_us) {
    *ret_key = (struct access_key){.created_us = now_us};
    key_draw("AKIA", ret_key->id, ret_key->secret);
    snprintf(ret_key->account, sizeof ret_key->account, "%s", account);
    snprintf(ret_key->user, sizeof ret_key->user, "%s", user);
}

char *key_document(const struct access_key *key) {
    struct buf document;
    struct json_writer writer;
    buf_init(&document, DOCUMENT_BYTES);
    json_writer_init(&writer, &document);
    json_open_object(&writer);
    json_put_member(&writer, "user", key->user);
    json_put_member(&writer, "secret", key->secret);
    json_put_member_integer(&writer, "created", key->created_us);
    json_close_object(&writer);
    return buf_take(&document);
}

static bool read_text(struct json_value root, const char *name, char *text, size_t size) {
    OWN_MEM char *value = json_string(json_member(root, name));
    bool fits = value && strlen(value) < size;
    if (fits)
        memcpy(text, value, strlen(value) + 1);
    if (value)
        mem_wipe(value, strlen(value));
    return fits;
}

bool key_read(const struct record *record, struct access_key *ret_key, struct err *err) {
    struct access_key key = {0};
    struct json_doc doc;
    if (!json_parse(&doc, record->document, strlen(record->document), 16, err))
        return err_wrap(err, "the stored access key %s", record->key.name);
    struct json_value root = json_root(&doc);
    bool ok = strlen(record->key.name) < sizeof key.id && strlen(record->key.account) < sizeof key.account &&
              read_text(root, "user", key.user, sizeof key.user) &&
              read_text(root, "secret", key.secret, sizeof key.secret) &&
              json_integer(json_member(root, "created"), &key.created_us);
    json_doc_done(&doc);
    if (!ok)
        return err_set(err, ERR_CORRUPT, "the stored access key %s is not what was written",
                       record->key.name);
    snprintf(key.id, sizeof key.id, "%s", record->key.name);
    snprintf(key.account, sizeof key.account, "%s", record->key.account);
    *ret_key = key;
    return true;
}
