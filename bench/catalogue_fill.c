/* Fills the store of a stopped daemon with functions, as if they had been created and published twice:
 *
 *   bench_catalogue_fill DATABASE ACCOUNT < LIST
 *
 * LIST has a line `NAME DIGEST BYTES` for each: the package's SHA-256 in hex and its size. Packages and
 * layouts are the caller's matter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bench/die.h"
#include "store/change.h"
#include "store/db.h"

#define VERSIONS 3
#define FUNCTIONS_AT_ONCE 500

static void describe(struct function *function, const char *account, const char *name, const char *digest,
                     uint64_t bytes) {
    const struct function_variable variables[] = {
        {"STAGE", "production"}, {"TABLE_NAME", "orders"}, {"LOG_LEVEL", "info"}};
    struct clock clock = clock_system();
    snprintf(function->account, sizeof function->account, "%s", account);
    snprintf(function->version, sizeof function->version, "%s", FUNCTION_LATEST);
    snprintf(function->code_digest, sizeof function->code_digest, "%s", digest);
    function_set_text(&function->name, name);
    function_set_text(&function->runtime, "python3.11");
    function_set_text(&function->handler, "echo.handler");
    function_set_text(&function->role, "arn:aws:iam::000000000000:role/lambda");
    function_set_text(&function->description, "One of many");
    function_set_variables(function, variables, sizeof variables / sizeof variables[0]);
    function->has_environment = true;
    function->code_size_bytes = bytes;
    function->state = FUNCTION_ACTIVE;
    function->update = FUNCTION_UPDATE_SUCCESSFUL;
    function->last_modified_us = clock_wall_us(&clock);
    ident_uuid(function->revision_id);
}

/* $LATEST and its published versions, each with a description of its own. */
static void make_function(struct function *versions[VERSIONS], const char *account, char *line) {
    char *rest = line;
    const char *name = strsep(&rest, " ");
    const char *digest = strsep(&rest, " ");
    const char *bytes = strsep(&rest, "\n");
    if (!name || !digest || !bytes)
        die("the list has a line that is not NAME DIGEST BYTES");
    versions[0] = function_new();
    describe(versions[0], account, name, digest, strtoull(bytes, NULL, 10));
    for (int number = 1; number < VERSIONS; number++) {
        char description[32];
        versions[number] = function_copy(versions[0]);
        snprintf(description, sizeof description, "Release %d", number);
        snprintf(versions[number]->version, sizeof versions[number]->version, "%d", number);
        function_set_own_description(versions[number], description);
        ident_uuid(versions[number]->revision_id);
    }
}

/* The next functions in one transaction; false at the end of the list. */
static bool fill_some(struct db *db, const char *account) {
    static struct store_step steps[FUNCTIONS_AT_ONCE * VERSIONS];
    size_t count = 0;
    char line[256];
    while (count < FUNCTIONS_AT_ONCE * VERSIONS && fgets(line, sizeof line, stdin)) {
        struct function *versions[VERSIONS];
        make_function(versions, account, line);
        for (int number = 0; number < VERSIONS; number++)
            steps[count++] = (struct store_step){.kind = number ? STORE_FUNCTION_PUBLISH : STORE_FUNCTION_ADD,
                                                 .function = versions[number],
                                                 .tags_json = "{}"};
    }
    struct err err;
    if (!store_apply(db, steps, count, &err))
        die("%s", err.text);
    for (size_t i = 0; i < count; i++)
        function_unref(steps[i].function);
    return count > 0;
}

int main(int argc, char **argv) {
    struct db *db;
    struct err err;
    if (argc != 3)
        die("usage: bench_catalogue_fill DATABASE ACCOUNT < LIST");
    if (!db_open(argv[1], &db, &err))
        die("%s", err.text);
    while (fill_some(db, argv[2])) {
    }
    db_close(db);
    return 0;
}
