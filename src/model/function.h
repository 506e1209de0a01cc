/* One version of a function: configuration, code and state, as one immutable value. The catalogue swaps in a
 * changed copy; whoever still runs the old one keeps a reference. Copies share their texts and arrays
 * (base/shared.h), so that a version costs little beside the one it was made from. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/ident.h"
#include "base/limits.h"
#include "model/function_ref.h"

#define FUNCTION_VERSION_BYTES 24 /* "$LATEST" or a decimal number */

enum function_state { FUNCTION_PENDING, FUNCTION_ACTIVE, FUNCTION_INACTIVE, FUNCTION_FAILED };
enum function_update {
    FUNCTION_UPDATE_NONE,
    FUNCTION_UPDATE_SUCCESSFUL,
    FUNCTION_UPDATE_FAILED,
    FUNCTION_UPDATE_IN_PROGRESS,
};

/* The reasons a state or an update may carry: the stored form knows no others. */
#define FUNCTION_REASON_CREATING "The function is being created."
#define FUNCTION_REASON_CODE_CREATING "Creating"
#define FUNCTION_REASON_IDLE "The function is idle."
#define FUNCTION_REASON_CODE_IDLE "Idle"
#define FUNCTION_REASON_RESTORING "The function is being restored."
#define FUNCTION_REASON_CODE_RESTORING "Restoring"
#define FUNCTION_REASON_INVALID_ZIP "The deployment package could not be unpacked."
#define FUNCTION_REASON_CODE_INVALID_ZIP "InvalidZipFileException"
#define FUNCTION_REASON_INVALID_RUNTIME "The runtime of the function is not installed."
#define FUNCTION_REASON_CODE_INVALID_RUNTIME "InvalidRuntime"
#define FUNCTION_REASON_INTERNAL "An internal error occurred."
#define FUNCTION_REASON_CODE_INTERNAL "InternalError"

struct function_variable {
    const char *name;
    const char *value;
};

/* A layer version that a function uses, as it was when it was configured: the layer version may be deleted
 * since. */
struct function_layer {
    const char *arn;                      /* with the version */
    char digest[DIGEST_SHA256_HEX_BYTES]; /* names its blob */
    uint64_t size_bytes;                  /* of its zip */
    uint64_t unzipped_bytes;              /* of what is in it */
};

/* Log levels, from the most talkative; NONE when none was set (LogFormat Text). */
enum function_log_level {
    FUNCTION_LOG_NONE,
    FUNCTION_LOG_TRACE,
    FUNCTION_LOG_DEBUG,
    FUNCTION_LOG_INFO,
    FUNCTION_LOG_WARN,
    FUNCTION_LOG_ERROR,
    FUNCTION_LOG_FATAL
};

struct function {
    uint32_t references; /* loop thread only */

    /* Identity. */
    char account[ACCOUNT_BYTES];
    char version[FUNCTION_VERSION_BYTES];
    const char *name;

    /* Configuration. Texts and arrays are shared and set by function_set_...(); texts without another remark
     * are never NULL. */
    const char *description;
    const char *handler;
    const char *role;
    const char *runtime;
    char architecture[8]; /* "x86_64" or "arm64" */
    uint32_t memory_mb;
    uint32_t timeout_s;
    uint32_t tmp_mb;
    bool has_environment; /* Environment was sent, perhaps empty */
    const struct function_variable *variables;
    size_t variable_count;
    const struct function_layer *layers; /* in the order of the configuration */
    size_t layer_count;
    const char *log_group;       /* NULL: "/aws/lambda/<name>" */
    const char *dead_letter_arn; /* NULL: none */
    bool logs_json;              /* LogFormat JSON */
    enum function_log_level application_log_level;
    enum function_log_level system_log_level;
    bool is_traced;    /* TracingConfig Active */
    bool is_snapstart; /* SnapStart PublishedVersions */

    /* Of a published version: the description of $LATEST then, when that was another; otherwise NULL. */
    const char *latest_description;

    /* Code. */
    char code_digest[DIGEST_SHA256_HEX_BYTES]; /* SHA-256 of the zip: names blob and layout */
    uint64_t code_size_bytes;                  /* of the zip */
    uint64_t code_unzipped_bytes;              /* of what is in it */

    /* State. */
    enum function_state state;
    const char *state_reason;      /* FUNCTION_REASON_... or NULL */
    const char *state_reason_code; /* FUNCTION_REASON_CODE_... or NULL */
    enum function_update update;
    const char *update_reason;      /* as above */
    const char *update_reason_code; /* as above */
    int64_t last_modified_us;
    char revision_id[IDENT_UUID_BYTES];

    /* Which generation of code and configuration this is: environments serve exactly one. Equal for copies
     * that differ in state alone. Unique in this process: given by the catalogue, 0 until then; not stored.
     */
    uint64_t epoch;
};

/* Zeroed with the service's defaults (128 MB, 3 s, 512 MB, x86_64, texts ""), one reference. */
struct function *function_new(void);

/* A copy with one reference and the same epoch, to be changed by its maker. */
struct function *function_copy(const struct function *function);

struct function *function_ref(const struct function *function);
void function_unref(const struct function *function); /* NULL is fine */

/* Setting shared parts of a value that nobody else has yet. Everything is copied; what is set may come from
 * the function itself. A text may be NULL where the field may. */
void function_set_text(const char **field, const char *value);
void function_set_variables(struct function *function, const struct function_variable *variables,
                            size_t count);
void function_set_layers(struct function *function, const struct function_layer *layers, size_t count);

/* A published version's own description, which it has instead of that of $LATEST. */
void function_set_own_description(struct function *version, const char *description);

/* CodeSha256: the digest of the code in base64. */
void function_code_sha256(const struct function *function, char ret_text[DIGEST_SHA256_BASE64_BYTES]);

/* True when publishing `latest` would only repeat `published`: same code, same configuration. */
bool function_is_repeated(const struct function *published, const struct function *latest);

/* "Pending", "InProgress" and so on. */
const char *function_state_name(enum function_state state);
const char *function_update_name(enum function_update update);
const char *function_log_level_name(enum function_log_level level); /* "TRACE"; NULL for NONE */
