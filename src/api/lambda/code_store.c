/* A name is IDLE, or a job is UNPACKING or REMOVING it:
 *
 *             ┌──────── job done ────────┐
 *             ▼                          │
 *   new ─▶  IDLE ── code_unpack ──▶ UNPACKING
 *             │ ▲
 *   last hold │ │ job done, and somebody wants it again
 *   or use    ▼ │
 *          REMOVING ── job done, nobody holds it ──▶ forgotten
 *
 * Whatever ends, advance() looks what is to be done next. */
#include "api/lambda/code_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "package/blob.h"
#include "package/layout.h"
#include "sys/work.h"

enum code_phase { CODE_IDLE, CODE_UNPACKING, CODE_REMOVING };

/* What a merged layout is made of, in the order of the list. Each is used. */
struct parts {
    size_t unpacked; /* so many from the front are, while it is being made */
    struct code_wait wait;
    struct code *merged;
    size_t count;
    const char *digests[]; /* the texts lie behind */
};

struct code {
    struct code_store *store;
    char name[DIGEST_SHA256_HEX_BYTES];
    uint32_t holds; /* the uses among them */
    uint32_t uses;
    enum code_phase phase;
    bool is_unpacked;
    struct list holding;   /* struct code_wait of code_hold() */
    struct list unpacking; /* of code_unpack() */
    struct parts *parts;   /* NULL: a package */
};

struct code_job {
    struct code *code;
    bool removes_blob;
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
    void *value;
    while (map_next(&store->codes, &cursor, NULL, &value)) {
        struct code *code = value;
        free(code->parts);
        free(code);
    }
    map_done(&store->codes);
}

static struct code *find(const struct code_store *store, const char *name) {
    return map_get(&store->codes, name);
}

static struct code *find_or_add(struct code_store *store, const char *name) {
    struct code *code = find(store, name);
    if (code)
        return code;
    code = mem_alloc(sizeof *code);
    code->store = store;
    assert(strlen(name) < sizeof code->name);
    memcpy(code->name, name, strlen(name) + 1);
    list_init(&code->holding);
    list_init(&code->unpacking);
    map_put(&store->codes, name, code);
    return code;
}

/* Those who wait may wait again for something else, so the list is taken over first. */
static void wake(struct list *list, const struct err *err) {
    struct list waiting;
    list_init(&waiting);
    while (!list_is_empty(list)) {
        struct list *link = list->next;
        list_remove(link);
        list_push_back(&waiting, link);
    }
    while (!list_is_empty(&waiting)) {
        struct code_wait *wait = list_item(waiting.next, struct code_wait, link);
        list_remove(&wait->link);
        wait->err = err;
        wait->run(wait);
    }
}

static void advance(struct code *code);

static void start_job(struct code *code, void (*run)(void *job), void (*done)(void *job)) {
    struct code_job *job = mem_alloc(sizeof *job);
    job->code = code;
    job->removes_blob = code->holds == 0;
    ++*code->store->background;
    work_run(code->store->loop, run, done, job);
}

/* ---- removing ---- */

static void remove_run(void *arg) {
    struct code_job *job = arg;
    const struct code *code = job->code;
    job->ok = layout_remove(code->store->layout_dir, code->name, &job->err) &&
              (!job->removes_blob || blob_remove(code->store->blob_dir, code->name, &job->err));
}

static void forget(struct code *code) {
    struct code_store *store = code->store;
    struct parts *parts = code->parts;
    map_remove(&store->codes, code->name);
    free(code);
    for (size_t i = 0; parts && i < parts->count; i++)
        code_unuse(store, parts->digests[i]);
    free(parts);
}

static void remove_done(void *arg) {
    struct code_job *job = arg;
    struct code *code = job->code;
    bool is_forgotten = job->removes_blob && code->holds == 0;
    --*code->store->background;
    if (!job->ok)
        log_warn("code.not_removed", "digest=%s reason=\"%s\" note=\"the next start tries again\"",
                 code->name, job->err.text);
    free(job);
    code->phase = CODE_IDLE;
    code->is_unpacked = false;
    if (is_forgotten) {
        forget(code);
        return;
    }
    wake(&code->holding, NULL);
    advance(code);
}

/* ---- unpacking ---- */

static void unpack_run(void *arg) {
    struct code_job *job = arg;
    const struct code *code = job->code;
    const struct code_store *store = code->store;
    job->ok = code->parts
                  ? layout_make_merged(store->layout_dir, code->parts->digests, code->parts->count, &job->err)
                  : layout_make(store->layout_dir, store->blob_dir, code->name, &job->err);
}

static void end_unpacking(struct code *code, const struct err *err) {
    code->phase = CODE_IDLE;
    code->is_unpacked = !err;
    wake(&code->unpacking, err);
    advance(code);
}

static void unpack_done(void *arg) {
    struct code_job *job = arg;
    --*job->code->store->background;
    end_unpacking(job->code, job->ok ? NULL : &job->err);
    free(job);
}

static void unpack_parts(struct code *code);

static void part_unpacked(struct code_wait *wait) {
    struct parts *parts = list_item(wait, struct parts, wait);
    parts->unpacked++;
    if (wait->err)
        end_unpacking(parts->merged, wait->err);
    else
        unpack_parts(parts->merged);
}

/* The job's turn comes when every part has its layout. */
static void unpack_parts(struct code *code) {
    struct parts *parts = code->parts;
    if (parts && parts->unpacked < parts->count)
        code_unpack(code->store, parts->digests[parts->unpacked], &parts->wait);
    else
        start_job(code, unpack_run, unpack_done);
}

static void start_unpacking(struct code *code) {
    if (code->parts)
        code->parts->unpacked = 0;
    unpack_parts(code);
}

static void advance(struct code *code) {
    if (code->phase != CODE_IDLE)
        return;
    if (code->holds == 0 || (code->uses == 0 && code->is_unpacked)) {
        code->phase = CODE_REMOVING;
        start_job(code, remove_run, remove_done);
    } else if (!list_is_empty(&code->unpacking)) {
        code->phase = CODE_UNPACKING;
        start_unpacking(code);
    }
}

/* ---- holds and uses ---- */

void code_hold(struct code_store *store, const char *digest, struct code_wait *wait) {
    struct code *code = find_or_add(store, digest);
    code->holds++;
    if (code->phase == CODE_REMOVING) {
        list_push_back(&code->holding, &wait->link);
        return;
    }
    wait->err = NULL;
    wait->run(wait);
}

static struct code *share(struct code_store *store, const char *digest) {
    struct code *code = find_or_add(store, digest);
    assert(code->phase != CODE_REMOVING || code->holds || code->parts);
    code->holds++;
    return code;
}

void code_share(struct code_store *store, const char *digest) {
    share(store, digest);
}

void code_release(struct code_store *store, const char *digest) {
    struct code *code = find(store, digest);
    assert(code && code->holds > code->uses);
    code->holds--;
    advance(code);
}

void code_use(struct code_store *store, const char *digest) {
    share(store, digest)->uses++;
}

void code_unuse(struct code_store *store, const char *name) {
    struct code *code = find(store, name);
    assert(code && code->uses);
    code->uses--;
    code->holds--;
    advance(code);
}

static struct parts *parts_new(struct code *merged, const char *const digests[], size_t count) {
    size_t head = sizeof(struct parts) + count * sizeof(const char *);
    struct parts *parts = mem_alloc(head + count * DIGEST_SHA256_HEX_BYTES);
    char *end = (char *)parts + head;
    parts->merged = merged;
    parts->wait.run = part_unpacked;
    parts->count = count;
    for (size_t i = 0; i < count; i++) {
        parts->digests[i] = end;
        end = stpcpy(end, digests[i]) + 1;
        code_use(merged->store, digests[i]);
    }
    return parts;
}

void code_use_merged(struct code_store *store, const char *const digests[], size_t count) {
    char name[DIGEST_SHA256_HEX_BYTES];
    layout_name_merged(digests, count, name);
    struct code *code = find_or_add(store, name);
    if (count > 1 && !code->parts)
        code->parts = parts_new(code, digests, count);
    code_use(store, name);
}

void code_unpack(struct code_store *store, const char *name, struct code_wait *wait) {
    struct code *code = find(store, name);
    assert(code && code->uses);
    if (code->is_unpacked && code->phase == CODE_IDLE) {
        wait->err = NULL;
        wait->run(wait);
        return;
    }
    list_push_back(&code->unpacking, &wait->link);
    advance(code);
}

/* ---- start ---- */

static bool keeps_layout(void *arg, const char *name) {
    struct code *code = find(arg, name);
    if (!code || !code->uses)
        return false;
    code->is_unpacked = true;
    return true;
}

static bool keeps_blob(void *arg, const char *name) {
    const struct code *code = find(arg, name);
    return code && !code->parts;
}

struct repair {
    struct code_wait wait;
    char name[DIGEST_SHA256_HEX_BYTES];
};

static void repaired(struct code_wait *wait) {
    struct repair *repair = list_item(wait, struct repair, wait);
    if (wait->err)
        log_error("code.not_unpacked", "digest=%s reason=\"%s\"", repair->name, wait->err->text);
    else
        log_warn("code.unpacked_again", "digest=%s", repair->name);
    free(repair);
}

static void make_missing(struct code_store *store) {
    size_t cursor = 0;
    void *value;
    while (map_next(&store->codes, &cursor, NULL, &value)) {
        const struct code *code = value;
        if (!code->uses || code->is_unpacked)
            continue;
        struct repair *repair = mem_alloc(sizeof *repair);
        memcpy(repair->name, code->name, sizeof repair->name);
        repair->wait.run = repaired;
        code_unpack(store, code->name, &repair->wait);
    }
}

bool code_store_tidy(struct code_store *store, struct err *err) {
    if (!layout_clean(store->layout_dir, keeps_layout, store, err) ||
        !layout_clean(store->blob_dir, keeps_blob, store, err))
        return false;
    make_missing(store);
    return true;
}
