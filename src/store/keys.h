/* Access keys. The secret is stored as it is: SigV4 needs it. The database file is readable by its owner
 * alone. */
#pragma once

#include <stdbool.h>

#include "store/db.h"

struct access_key {
    char id[129];
    char secret[129];
    char account[13];
    char arn[256]; /* of the principal: "arn:aws:iam::000000000000:root" */
};

bool store_key_put(struct db *db, const struct access_key *key, struct err *err);
bool store_keys_read(struct db *db, bool (*each)(void *arg, const struct access_key *key, struct err *err),
                     void *arg, struct err *err);
