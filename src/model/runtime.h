/* The catalogue of managed runtimes: which names exist, what family they belong to, which are deprecated, and
 * which of them this machine can run. Source: Lambda Developer Guide, "Lambda runtimes"; lists recorded from
 * the service. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"

enum runtime_family {
    RUNTIME_PROVIDED,
    RUNTIME_PYTHON,
    RUNTIME_NODEJS,
    RUNTIME_RUBY,
    RUNTIME_JAVA,
    RUNTIME_DOTNET
};

struct runtime_kind {
    const char *name; /* "python3.12" */
    enum runtime_family family;
    bool creatable;    /* false: deprecated, refused for new functions */
    const char *label; /* version part used in paths and variables: "3.12", "20" */
};

/* NULL for a name the service does not know. */
const struct runtime_kind *runtime_find(const char *name);

/* What the log calls the version of a runtime: "python:3.12.v1", with the version of our clients. */
#define RUNTIME_VERSION_BYTES 32
void runtime_version(const struct runtime_kind *kind, char ret_version[RUNTIME_VERSION_BYTES]);

/* The service names a runtime version by a hash. Ours is made of the runtime's name: it is stable, and
 * differs between runtimes. */
void runtime_version_hash(const char *name, char ret_hash[DIGEST_SHA256_HEX_BYTES]);

/* What this machine has: interpreters found at start or named by a setting. Values; filled by
 * daemon/runtimes.c. */
#define RUNTIME_MAX_INSTALLED 64
struct runtime_installed {
    const struct runtime_kind *kind;
    char *interpreter; /* path, the same inside the sandbox */
};
struct runtime_set {
    struct runtime_installed items[RUNTIME_MAX_INSTALLED];
    size_t count;
};

/* Path of the interpreter; "" for provided.*, which needs none; NULL when not installed. */
const char *runtime_interpreter(const struct runtime_set *set, const char *name);

/* Adds or replaces. */
void runtime_set_add(struct runtime_set *set, const struct runtime_kind *kind, const char *interpreter);
void runtime_set_done(struct runtime_set *set);

/* Refuses what can't be created: ERR_PARAMETER with the service's texts for unknown and deprecated names; for
 * a known one that is not installed a text that says what is installed and that the setting `runtimes` maps
 * it. */
bool runtime_check_creatable(const struct runtime_set *set, const char *name, struct err *err);
