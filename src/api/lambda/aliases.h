/* Aliases: those of a function as its catalogue entry keeps them, parsed, and the records (kind "alias") they
 * are stored in. An alias is a value: a change replaces it. Loop thread only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/ident.h"
#include "base/json.h"
#include "model/function.h"

#define ALIAS_RECORD_KIND "alias"

/* The longest alias in an answer or a record: ARN, name, and a description of 256 characters, all escaped. */
#define ALIAS_DOCUMENT_BYTES 4096

/* A weight as text: up to 17 digits, point, exponent, ".0". */
#define ALIAS_WEIGHT_BYTES 32

struct alias {
    const char *name;
    const char *description;                    /* never NULL */
    char version[FUNCTION_VERSION_BYTES];       /* a number or "$LATEST" */
    char other_version[FUNCTION_VERSION_BYTES]; /* gets a part of the calls; "" for none */
    double other_weight;                        /* 0.0 to 1.0: that part */
    char revision_id[IDENT_UUID_BYTES];
};

/* All of one function, by name. */
struct aliases {
    size_t count;
    struct alias *items[];
};

/* In every case NULL is a function without aliases. A pointer to an alias is good until the loop's next
 * turn. */
const struct alias *aliases_find(const struct aliases *aliases, const char *name);
size_t aliases_count(const struct aliases *aliases);

/* Index of the first alias whose name is greater than `after` ("" for the first of all). */
size_t aliases_after(const struct aliases *aliases, const char *after);

/* Adds it or replaces the one of its name, which is freed. Takes the alias. */
void aliases_put(struct aliases **aliases, struct alias *alias);
void aliases_remove(struct aliases **aliases, const char *name); /* absent is fine */
void aliases_free(struct aliases *aliases);

/* Whether the alias sends calls to that version. */
bool alias_uses(const struct alias *alias, const char *version);

/* The version that the next call goes to: drawn by weight. Allocates nothing. */
const char *alias_pick(const struct alias *alias);

/* A fresh value without versions, with a new RevisionId. Texts are copied. */
struct alias *alias_new(const char *name, const char *description);

/* A copy with a new RevisionId, and with that description unless it is NULL. */
struct alias *alias_revise(const struct alias *alias, const char *description);
void alias_free(struct alias *alias); /* NULL is fine */

/* The member RoutingConfig; nothing when all calls go to one version. */
void alias_write_routing(const struct alias *alias, struct json_writer *writer);

/* AdditionalVersionWeights: the first item of it, or none. False when its version can be no number of ours:
 * too long. */
bool alias_read_routing(struct json_value weights, struct alias *alias);

/* The stored form, a JSON object with everything but the name; ERR_CORRUPT. */
void alias_encode(const struct alias *alias, struct buf *buf);
bool alias_decode(const char *name, const char *document, struct alias **ret_alias, struct err *err);
