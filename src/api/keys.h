/* Access keys of root users and of IAM users, as values and as records. The secret is stored as it is: SigV4
 * needs it. The database file is readable by its owner alone. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "api/records.h"
#include "base/err.h"

#define KEY_RECORD "access-key"
#define KEY_ID_BYTES 21
#define KEY_SECRET_BYTES 41

struct access_key {
    char id[KEY_ID_BYTES];
    char secret[KEY_SECRET_BYTES];
    char account[13];
    char user[65]; /* "": the account's root user */
    int64_t created_us;
};

/* A new id ("AKIA..." for long-lived keys, "ASIA..." for those of sessions) and a new secret. */
void key_draw(const char *prefix, char ret_id[KEY_ID_BYTES], char ret_secret[KEY_SECRET_BYTES]);

/* `user` "" for root. */
void key_make(struct access_key *ret_key, const char *account, const char *user, int64_t now_us);

/* The record's document in fresh memory (caller wipes and frees), and the reverse: ERR_CORRUPT. */
char *key_document(const struct access_key *key);
bool key_read(const struct record *record, struct access_key *ret_key, struct err *err);
