/* The runtimes the service knows, in one table, and what of them this machine can run. Anybody may call it.
 */
#include "model/runtime.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* First those that functions may be created with, in the order in which the service lists them in its refusal
 * of an unknown name; then the deprecated ones. Families without a client of ours stand with the one that
 * comes nearest; it does not matter, since they can't be created. */
static const struct runtime_kind kinds[] = {
    {"nodejs20.x", RUNTIME_NODEJS, true, "20"},
    {"python3.14", RUNTIME_PYTHON, true, "3.14"},
    {"provided.al2023", RUNTIME_PROVIDED, true, "al2023"},
    {"python3.12", RUNTIME_PYTHON, true, "3.12"},
    {"python3.13", RUNTIME_PYTHON, true, "3.13"},
    {"nodejs24.x", RUNTIME_NODEJS, true, "24"},
    {"nodejs22.x", RUNTIME_NODEJS, true, "22"},
    {"java25", RUNTIME_JAVA, true, "25"},
    {"python3.10", RUNTIME_PYTHON, true, "3.10"},
    {"python3.11", RUNTIME_PYTHON, true, "3.11"},
    {"java21", RUNTIME_JAVA, true, "21"},
    {"ruby3.3", RUNTIME_RUBY, true, "3.3"},
    {"ruby3.4", RUNTIME_RUBY, true, "3.4"},
    {"ruby3.2", RUNTIME_RUBY, true, "3.2"},
    {"python3.8", RUNTIME_PYTHON, true, "3.8"},
    {"python3.9", RUNTIME_PYTHON, true, "3.9"},
    {"java17", RUNTIME_JAVA, true, "17"},
    {"nodejs16.x", RUNTIME_NODEJS, true, "16"},
    {"dotnet10", RUNTIME_DOTNET, true, "10"},
    {"dotnet8", RUNTIME_DOTNET, true, "8"},
    {"java11", RUNTIME_JAVA, true, "11"},
    {"dotnet6", RUNTIME_DOTNET, true, "6"},
    {"nodejs18.x", RUNTIME_NODEJS, true, "18"},
    {"provided.al2", RUNTIME_PROVIDED, true, "al2"},
    {"java8.al2", RUNTIME_JAVA, true, "8.al2"},

    {"dotnetcore1.0", RUNTIME_DOTNET, false, "core1.0"},
    {"dotnetcore2.0", RUNTIME_DOTNET, false, "core2.0"},
    {"dotnetcore2.1", RUNTIME_DOTNET, false, "core2.1"},
    {"dotnetcore3.1", RUNTIME_DOTNET, false, "core3.1"},
    {"go1.x", RUNTIME_PROVIDED, false, "1"},
    {"java8", RUNTIME_JAVA, false, "8"},
    {"nodejs", RUNTIME_NODEJS, false, "0.10"},
    {"nodejs10.x", RUNTIME_NODEJS, false, "10"},
    {"nodejs12.x", RUNTIME_NODEJS, false, "12"},
    {"nodejs14.x", RUNTIME_NODEJS, false, "14"},
    {"nodejs4.3", RUNTIME_NODEJS, false, "4.3"},
    {"nodejs4.3-edge", RUNTIME_NODEJS, false, "4.3"},
    {"nodejs6.10", RUNTIME_NODEJS, false, "6.10"},
    {"nodejs8.10", RUNTIME_NODEJS, false, "8.10"},
    {"provided", RUNTIME_PROVIDED, false, "al1"},
    {"python2.7", RUNTIME_PYTHON, false, "2.7"},
    {"python3.6", RUNTIME_PYTHON, false, "3.6"},
    {"python3.7", RUNTIME_PYTHON, false, "3.7"},
    {"ruby2.5", RUNTIME_RUBY, false, "2.5"},
    {"ruby2.7", RUNTIME_RUBY, false, "2.7"},
};

#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

/* Room for every name in a message. */
#define NAMES_BYTES 1024

const struct runtime_kind *runtime_find(const char *name) {
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

void runtime_version(const struct runtime_kind *kind, char ret_version[RUNTIME_VERSION_BYTES]) {
    static const char *const families[] = {
        [RUNTIME_PROVIDED] = "provided", [RUNTIME_PYTHON] = "python", [RUNTIME_NODEJS] = "nodejs",
        [RUNTIME_RUBY] = "ruby",         [RUNTIME_JAVA] = "java",     [RUNTIME_DOTNET] = "dotnet",
    };
    snprintf(ret_version, RUNTIME_VERSION_BYTES, "%s:%s.v1", families[kind->family], kind->label);
}

void runtime_version_hash(const char *name, char ret_hash[DIGEST_SHA256_HEX_BYTES]) {
    uint8_t hash[DIGEST_SHA256_BYTES];
    digest_sha256(name, strlen(name), hash);
    digest_hex(hash, sizeof hash, ret_hash);
}

const char *runtime_interpreter(const struct runtime_set *set, const char *name) {
    const struct runtime_kind *kind = runtime_find(name);
    if (!kind)
        return NULL;
    if (kind->family == RUNTIME_PROVIDED)
        return "";
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i].kind == kind)
            return set->items[i].interpreter;
    return NULL;
}

void runtime_set_add(struct runtime_set *set, const struct runtime_kind *kind, const char *interpreter) {
    static_assert(KIND_COUNT <= RUNTIME_MAX_INSTALLED, "every kind has a place");
    char *copy = mem_text(interpreter);
    for (size_t i = 0; i < set->count; i++) {
        if (set->items[i].kind != kind)
            continue;
        free(set->items[i].interpreter);
        set->items[i].interpreter = copy;
        return;
    }
    set->items[set->count++] = (struct runtime_installed){.kind = kind, .interpreter = copy};
}

void runtime_set_done(struct runtime_set *set) {
    for (size_t i = 0; i < set->count; i++)
        free(set->items[i].interpreter);
    set->count = 0;
}

static void append_name(struct buf *names, const char *name) {
    if (names->len > 0)
        buf_append_text(names, ", ");
    buf_append_text(names, name);
}

static bool refuse_unknown(const char *name, struct err *err) {
    OWN(buf) struct buf names;
    buf_init(&names, NAMES_BYTES);
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (kinds[i].creatable)
            append_name(&names, kinds[i].name);
    return err_set(
        err, ERR_PARAMETER,
        "Value %.256s at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [%s] "
        "or be a valid ARN",
        name, buf_text(&names));
}

static bool refuse_missing(const struct runtime_set *set, const char *name, struct err *err) {
    OWN(buf) struct buf names;
    buf_init(&names, NAMES_BYTES);
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (kinds[i].creatable && runtime_interpreter(set, kinds[i].name))
            append_name(&names, kinds[i].name);
    return err_set(err, ERR_PARAMETER,
                   "The runtime %s is not installed on this machine. Installed: %s. "
                   "Install its interpreter, or name one with the setting \"runtimes\".",
                   name, buf_text(&names));
}

bool runtime_check_creatable(const struct runtime_set *set, const char *name, struct err *err) {
    const struct runtime_kind *kind = runtime_find(name);
    if (!kind)
        return refuse_unknown(name, err);
    if (!kind->creatable)
        return err_set(
            err, ERR_PARAMETER,
            "The runtime parameter of %s is no longer supported for creating or updating AWS Lambda "
            "functions. We recommend you use a supported runtime while creating or updating functions.",
            name);
    return runtime_interpreter(set, name) || refuse_missing(set, name, err);
}
