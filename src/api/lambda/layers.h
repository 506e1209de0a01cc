/* Layer versions as records, and what the rest of the service asks of them. Loop thread.
 *
 * A version is a record of kind "version" in the scope of its layer, with two more when it has a policy.
 * Their name counts down, so that the newest comes first. A record outside of that scope, of kind "layer",
 * stays when all versions are gone: it counts, so that no number is used twice. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/call.h"
#include "api/context.h"
#include "api/edit.h"
#include "api/lambda/lambda.h"
#include "model/layer.h"

#define LAYER_VERSION_KIND "version"
#define LAYER_POLICY_KIND "policy"                   /* the document itself */
#define LAYER_POLICY_REVISION_KIND "policy_revision" /* of the policy, as a JSON string */
#define LAYER_COUNTER_KIND "layer"

/* The longest record of a version; the longest version in an answer. */
#define LAYER_DOCUMENT_BYTES (16u * 1024)
#define LAYER_ANSWER_BYTES (16u * 1024)

#define LAYER_NOT_FOUND "The resource you requested does not exist."

/* The layer, and version, that a request names with LayerName and VersionNumber. */
struct layer_target {
    struct layer_ref ref; /* the account is always set */
    bool is_elsewhere;    /* of another region, or of no valid name: nothing is there */
    char arn[LAYER_ARN_BYTES];
};

/* From an ARN or a name; false for what no layer can be called. A version is the text's. */
bool layer_target_parse(const struct api_call *call, const char *text, struct layer_target *ret_target);

/* LayerName; with its version, ERR_PARAMETER when that is less than 1. */
void layer_target_read(const struct api_call *call, struct layer_target *ret_target);
bool layer_target_read_version(const struct api_call *call, struct layer_target *ret_target, struct err *err);

/* Room for the texts of a key. */
struct layer_key_space {
    char scope[sizeof RECORD_LAYER_SCOPE + LAYER_NAME_BYTES];
    char name[24];
};

/* The key of a version's record. With version 0 that of none: to walk them all, the newest first. */
struct record_key layer_key(const struct layer_ref *ref, const char *kind, struct layer_key_space *space);
int64_t layer_key_number(const char *name);

/* The record of a version; NULL when there is none. */
const char *layer_find(const struct api *api, const struct layer_target *target);

/* What is kept of a layer even when it has no versions any more. */
struct layer_counter {
    int64_t last_version; /* the highest number ever given; 0 for a new layer */
    uint64_t code_bytes;  /* of the zips of its versions */
};
struct record_key layer_counter_key(const char *account, const char *name);
struct layer_counter layer_counter_find(const struct api *api, const struct layer_ref *ref);

/* The step that stores it. */
void layer_counter_put(struct edit *edit, const struct layer_ref *ref, struct layer_counter counter);

/* The members of a version in answers; `ref` names it. */
void layer_write(struct json_writer *writer, const struct api_call *call, const struct layer_ref *ref,
                 const struct layer_version *version);

/* All of it: an object, with the content and where to get it. */
void layer_write_whole(struct json_writer *writer, const struct api_call *call, const struct layer_ref *ref,
                       const struct layer_version *version);

/* What the account's layer versions take of its code storage. */
uint64_t layer_code_bytes(const struct api *api, const char *account);

/* The policy of a version as JSON; NULL when it has none, or does not exist. */
const char *layer_policy_document(const struct api *api, const char *account, const char *name,
                                  int64_t version);

/* Layers of CreateFunction and UpdateFunctionConfiguration: sets the function's layers. ERR_PARAMETER with
 * the service's text, ERR_DENIED for one of another account that the caller may not use. The caller takes a
 * use of them before the loop goes on. */
bool layers_read(const struct api_call *call, struct json_value layers, struct function *function,
                 struct err *err);

/* At start: takes the holds on packages of layer versions. */
bool layers_restore(struct lambda *lambda, struct err *err);
