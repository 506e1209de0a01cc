/* A package is IDLE, or a job is UNPACKING or REMOVING it:
 *
 *   code_hold ─▶ IDLE ── code_unpack ──▶ UNPACKING ── job done ──▶ IDLE
 *                 │ ▲
 *    last release │ │ job done, and somebody waits for it again
 *                 ▼ │
 *              REMOVING ── job done, nobody waits ──▶ forgotten
 */
#include "api/lambda/code_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "package/blob.h"
#include "package/layout.h"
#include "sys/fs.h"
#include "sys/work.h"

enum code_phase { CODE_IDLE, CODE_UNPACKING, CODE_REMOVING };

struct code {
    struct code_store *store;
    char digest[DIGEST_SHA256_HEX_BYTES];
    size_t holds;
    enum code_phase phase;
    bool is_unpacked;
    struct list waiting; /* of struct code_wait */

    struct code_wait repair; /* of code_unpack_missing() */

    /* The job's result. */
    bool ok;
    struct err err;
};

void code_store_init(struct code_store *store, struct loop *loop, const char *blob_dir,
                     const char *layout_dir, size_t *background) {
    *store = (struct code_store){
        .loop = loop, .blob_dir = blob_dir, .layout_dir = layout_dir, .background = background};
    map_init(&store->codes);
}

void code_store_done(struct code_store *store) {
    size_t cursor = 0;
    void *code;
    while (map_next(&store->codes, &cursor, NULL, &code))
        free(code);
    map_done(&store->codes);
}

static struct code *find_or_add(struct code_store *store, const char *digest) {
    struct code *code = map_get(&store->codes, digest);
    if (code)
        return code;
    code = mem_alloc(sizeof *code);
    code->store = store;
    assert(strlen(digest) < sizeof code->digest);
    memcpy(code->digest, digest, strlen(digest) + 1);
    list_init(&code->waiting);
    map_put(&store->codes, digest, code);
    return code;
}

/* Those who wait may wait again for something else, so the list is taken over first. */
static void wake(struct code *code, bool ok) {
    struct list waiting;
    list_init(&waiting);
    while (!list_is_empty(&code->waiting)) {
        struct list *link = code->waiting.next;
        list_remove(link);
        list_push_back(&waiting, link);
    }
    while (!list_is_empty(&waiting)) {
        struct code_wait *wait = list_item(waiting.next, struct code_wait, link);
        list_remove(&wait->link);
        wait->ok = ok;
        if (!ok)
            wait->err = code->err;
        wait->run(wait);
    }
}

static void remove_run(void *job) {
    struct code *code = job;
    code->ok = layout_remove(code->store->layout_dir, code->digest, &code->err) &&
               blob_remove(code->store->blob_dir, code->digest, &code->err);
}

static void remove_done(void *job) {
    struct code *code = job;
    struct code_store *store = code->store;
    (*store->background)--;
    if (!code->ok)
        log_warn("code.not_removed", "digest=%s reason=\"%s\" note=\"the next start tries again\"",
                 code->digest, code->err.text);
    code->phase = CODE_IDLE;
    code->is_unpacked = false;
    if (code->holds) {
        wake(code, true);
        return;
    }
    map_remove(&store->codes, code->digest);
    free(code);
}

static void remove_start(struct code *code) {
    code->phase = CODE_REMOVING;
    (*code->store->background)++;
    work_run(code->store->loop, remove_run, remove_done, code);
}

void code_hold(struct code_store *store, const char *digest, struct code_wait *wait) {
    struct code *code = find_or_add(store, digest);
    code->holds++;
    if (code->phase == CODE_REMOVING) {
        list_push_back(&code->waiting, &wait->link);
        return;
    }
    wait->ok = true;
    wait->run(wait);
}

void code_share(struct code_store *store, const char *digest) {
    struct code *code = find_or_add(store, digest);
    assert(code->phase != CODE_REMOVING || code->holds);
    code->holds++;
}

void code_release(struct code_store *store, const char *digest) {
    struct code *code = map_get(&store->codes, digest);
    assert(code && code->holds);
    code->holds--;
    if (code->holds == 0 && code->phase == CODE_IDLE)
        remove_start(code);
}

static void unpack_run(void *job) {
    struct code *code = job;
    code->ok = layout_make(code->store->layout_dir, code->store->blob_dir, code->digest, &code->err);
}

static void unpack_done(void *job) {
    struct code *code = job;
    (*code->store->background)--;
    code->phase = CODE_IDLE;
    code->is_unpacked = code->ok;
    /* Held while those who waited are told; they may release it. */
    code->holds++;
    wake(code, code->ok);
    code_release(code->store, code->digest);
}

void code_unpack(struct code_store *store, const char *digest, struct code_wait *wait) {
    struct code *code = map_get(&store->codes, digest);
    assert(code && code->holds && code->phase != CODE_REMOVING);
    if (code->is_unpacked) {
        wait->ok = true;
        wait->run(wait);
        return;
    }
    list_push_back(&code->waiting, &wait->link);
    if (code->phase == CODE_UNPACKING)
        return;
    code->phase = CODE_UNPACKING;
    (*store->background)++;
    work_run(store->loop, unpack_run, unpack_done, code);
}

static void repaired(struct code_wait *wait) {
    const struct code *code = list_item(wait, struct code, repair);
    if (wait->ok)
        log_warn("code.unpacked_again", "digest=%s", code->digest);
    else
        log_error("code.not_unpacked", "digest=%s reason=\"%s\"", code->digest, wait->err.text);
}

void code_unpack_missing(struct code_store *store) {
    size_t cursor = 0;
    const char *digest;
    void *value;
    while (map_next(&store->codes, &cursor, &digest, &value)) {
        struct code *code = value;
        OWN_MEM char *path = fs_join(store->layout_dir, digest);
        if (code->phase != CODE_IDLE || fs_exists(path))
            continue;
        code->repair.run = repaired;
        code_unpack(store, digest, &code->repair);
    }
}

bool code_is_held(const struct code_store *store, const char *digest) {
    return map_get(&store->codes, digest) != NULL;
}
