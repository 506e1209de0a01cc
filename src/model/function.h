/* One version of a function: configuration, code and state, as one immutable value. The catalogue swaps in a
 * changed copy; whoever still runs the old one keeps a reference. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/ident.h"
#include "base/limits.h"
#include "model/function_ref.h"

#define FUNCTION_VERSION_BYTES 24 /* "$LATEST" or a decimal number */
#define FUNCTION_RUNTIME_BYTES 32

enum function_state { FUNCTION_PENDING, FUNCTION_ACTIVE, FUNCTION_INACTIVE, FUNCTION_FAILED };
enum function_update {
    FUNCTION_UPDATE_NONE,
    FUNCTION_UPDATE_SUCCESSFUL,
    FUNCTION_UPDATE_FAILED,
    FUNCTION_UPDATE_IN_PROGRESS,
};

/* The reasons a state or an update may carry: function_encode() and function_decode() know no others. */
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
    char *name;
    char *value;
};

struct function {
    uint32_t references; /* loop thread only */

    /* Identity. */
    char account[ACCOUNT_BYTES];
    char name[LIMIT_FUNCTION_NAME_CHARS + 1];
    char version[FUNCTION_VERSION_BYTES];

    /* Configuration. Texts are owned and never NULL. */
    char *description;
    char *handler;
    char *role;
    char runtime[FUNCTION_RUNTIME_BYTES];
    char architecture[8]; /* "x86_64" or "arm64" */
    uint32_t memory_mb;
    uint32_t timeout_s;
    uint32_t tmp_mb;
    bool has_environment; /* Environment was sent, perhaps empty */
    struct function_variable *variables;
    size_t variable_count;

    /* Code. */
    char code_sha256[DIGEST_SHA256_BASE64_BYTES]; /* CodeSha256 */
    char code_digest[DIGEST_SHA256_HEX_BYTES];    /* the same in hex: names blob and layout */
    uint64_t code_size_bytes;                     /* of the zip */

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

/* A deep copy with one reference and the same epoch. */
struct function *function_copy(const struct function *function);

struct function *function_ref(const struct function *function);
void function_unref(const struct function *function); /* NULL is fine */

void function_set_text(char **field, const char *value);
void function_set_variables(struct function *function, const struct function_variable *variables,
                            size_t count);

/* "Pending", "InProgress" and so on. */
const char *function_state_name(enum function_state state);
const char *function_update_name(enum function_update update);

/* The stored form: a JSON object with every field but references and epoch. Decoding checks it (ERR_CORRUPT).
 */
void function_encode(const struct function *function, struct buf *buf);
bool function_decode(const char *text, size_t len, struct function **ret_function, struct err *err);
