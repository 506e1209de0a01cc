/* A user, a role or a managed policy of IAM, as a value and as the document of its record. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/policy.h"
#include "model/tags.h"

enum identity_kind { IDENTITY_USER, IDENTITY_ROLE, IDENTITY_POLICY };
#define IDENTITY_KINDS 3

/* What the kinds are called. */
struct identity_words {
    const char *record;      /* kind of its record: "iam-role" */
    const char *name_member; /* "RoleName" */
    const char *arn_word;    /* "role": of "arn:aws:iam::ACCOUNT:role/NAME" */
    const char *id_prefix;   /* "AROA" */
};
const struct identity_words *identity_words(enum identity_kind kind);

#define IDENTITY_ID_BYTES 22
#define IDENTITY_VERSION_BYTES 8

/* A policy document under its name. */
struct identity_document {
    char *name;
    char *text;
    struct policy *policy; /* what it says */
};

/* Starts with identity_init(). Owns everything. */
struct identity {
    enum identity_kind kind;
    char account[13]; /* "aws" for AWS's own managed policies */
    char *name;
    char *path; /* begins and ends with '/' */
    char *arn;
    char id[IDENTITY_ID_BYTES];
    int64_t created_us;
    int64_t updated_us;                   /* of a managed policy */
    char version[IDENTITY_VERSION_BYTES]; /* of a managed policy: "v1" */
    char *description;                    /* NULL: none */
    int64_t max_session_s;                /* of a role */
    struct identity_document document;    /* whom a role trusts; what a managed policy says */
    struct identity_document *inlines;    /* sorted by name */
    size_t inline_count;
    char **attached; /* ARNs of managed policies, sorted */
    size_t attached_count;
    struct tags tags;
};

/* A new one, with a new id. */
void identity_init(struct identity *identity, enum identity_kind kind, const char *account, const char *path,
                   const char *name);
void identity_done(struct identity *identity);

/* "arn:aws:iam::ACCOUNT:role/PATH/NAME" in fresh memory. */
char *identity_arn(enum identity_kind kind, const char *account, const char *path, const char *name);

/* Reads a policy document and takes it in: ERR_PARAMETER or ERR_LIMIT in IAM's words. */
bool identity_set_document(struct identity *identity, const char *text, struct err *err);
bool identity_put_inline(struct identity *identity, const char *name, const char *text, struct err *err);

/* NULL when there is none of that name. */
const struct identity_document *identity_inline(const struct identity *identity, const char *name);

/* False when there was none. */
bool identity_remove_inline(struct identity *identity, const char *name);

bool identity_is_attached(const struct identity *identity, const char *policy_arn);
void identity_attach(struct identity *identity, const char *policy_arn); /* already there is fine */
bool identity_detach(struct identity *identity, const char *policy_arn);

/* The characters of a document that count for IAM's quotas: all but white space. */
size_t identity_count_chars(const char *text);

/* The record's document in fresh memory; NULL when it would be longer than IDENTITY_DOCUMENT_BYTES: white
 * space in policies does not count for IAM's quotas. */
#define IDENTITY_DOCUMENT_BYTES (256u * 1024)
char *identity_encode(const struct identity *identity);

/* The reverse, into an identity that the caller frees with identity_done(): ERR_CORRUPT. */
bool identity_decode(enum identity_kind kind, const char *account, const char *document,
                     struct identity *ret_identity, struct err *err);
