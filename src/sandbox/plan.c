/* The plan's bytes. One packet holds, in host byte order since both ends are on one machine:
 *
 *   struct plan_head                       numbers and counts
 *   working_dir NUL                        then as many texts as the counts say, each ended by NUL:
 *   argv[0] NUL ... envp[0] NUL ... mounts[0].target NUL ...
 *
 * Nothing may follow. A decoded plan is one block: the struct, its two pointer arrays and a copy of the
 * texts. Environment variables are secrets, so plan_free() overwrites the block. */
#include "sandbox/plan.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

struct plan_head {
    uint32_t memory_mb;
    uint32_t cpu_millis;
    uint32_t tmp_mb;
    uint32_t processes;
    uint32_t descriptors;
    uint32_t argument_count;
    uint32_t variable_count;
    uint32_t mount_count;
};

struct plan_block {
    size_t size_bytes;
    struct plan plan;
    const char *pointers[]; /* argv, NULL, envp, NULL; then the texts */
};

static size_t count_texts(const char *const *texts) {
    size_t count = 0;
    while (texts[count])
        count++;
    return count;
}

static void append_text_with_nul(struct buf *buf, const char *text) {
    buf_append(buf, text, strlen(text) + 1);
}

bool plan_encode(const struct plan *plan, struct buf *buf, struct err *err) {
    struct plan_head head = {
        .memory_mb = plan->memory_mb,
        .cpu_millis = plan->cpu_millis,
        .tmp_mb = plan->tmp_mb,
        .processes = plan->processes,
        .descriptors = plan->descriptors,
        .argument_count = (uint32_t)count_texts(plan->argv),
        .variable_count = (uint32_t)count_texts(plan->envp),
        .mount_count = (uint32_t)plan->mount_count,
    };
    size_t start = buf->len;
    buf_append(buf, &head, sizeof head);
    append_text_with_nul(buf, plan->working_dir);
    for (const char *const *text = plan->argv; *text; text++)
        append_text_with_nul(buf, *text);
    for (const char *const *text = plan->envp; *text; text++)
        append_text_with_nul(buf, *text);
    for (size_t i = 0; i < plan->mount_count; i++)
        append_text_with_nul(buf, plan->mounts[i].target);
    if (!buf_ok(buf) || buf->len - start > LIMIT_PLAN_BYTES)
        return err_set(err, ERR_LIMIT, "the command line and environment take more than %u bytes",
                       LIMIT_PLAN_BYTES);
    return true;
}

static bool check_number(const char *name, uint32_t value, uint32_t least, uint32_t most, struct err *err) {
    if (value >= least && value <= most)
        return true;
    return err_set(err, ERR_LIMIT, "plan: %s is %u, allowed are %u to %u", name, value, least, most);
}

static bool check_head(const struct plan_head *head, struct err *err) {
    if (!check_number("memory_mb", head->memory_mb, 1, LIMIT_MEMORY_MAX_MB, err) ||
        !check_number("cpu_millis", head->cpu_millis, 1, PLAN_MAX_CPU_MILLIS, err) ||
        !check_number("tmp_mb", head->tmp_mb, 1, LIMIT_TMP_MAX_MB, err) ||
        !check_number("processes", head->processes, 1, LIMIT_ENVIRONMENT_PROCESSES, err) ||
        !check_number("descriptors", head->descriptors, 3, LIMIT_ENVIRONMENT_FDS, err) ||
        !check_number("arguments", head->argument_count, 1, PLAN_MAX_TEXTS, err) ||
        !check_number("environment variables", head->variable_count, 0, PLAN_MAX_TEXTS, err) ||
        !check_number("mounts", head->mount_count, 0, LIMIT_PLAN_MOUNTS, err))
        return false;
    return check_number("arguments and environment variables", head->argument_count + head->variable_count, 1,
                        PLAN_MAX_TEXTS, err);
}

/* Absolute, and every component a plain name: nothing to resolve but what stands there. */
static bool is_plain_path(const char *path) {
    if (path[0] != '/' || path[1] == '\0')
        return false;
    while (*path) {
        const char *name = path + 1;
        size_t len = strcspn(name, "/");
        bool is_dots = (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.');
        if (*path != '/' || len == 0 || is_dots)
            return false;
        path = name + len;
    }
    return true;
}

static bool check_texts(const struct plan *plan, struct err *err) {
    assert(plan->working_dir && plan->argv[0]); /* which lay_out() sees to */
    if (plan->working_dir[0] != '/')
        return err_set(err, ERR_SYNTAX, "plan: the working directory \"%s\" is not absolute",
                       plan->working_dir);
    if (plan->argv[0][0] == '\0')
        return err_set(err, ERR_SYNTAX, "plan: the program's name is empty");
    for (size_t i = 0; i < plan->mount_count; i++)
        if (!is_plain_path(plan->mounts[i].target))
            return err_set(err, ERR_SYNTAX, "plan: \"%s\" can't be a mount's target", plan->mounts[i].target);
    return true;
}

/* The next text, or NULL when no NUL ends it. */
static const char *next_text(const char **cursor, const char *end) {
    const char *text = *cursor;
    const char *nul = memchr(text, '\0', (size_t)(end - text));
    if (!nul)
        return NULL;
    *cursor = nul + 1;
    return text;
}

/* Fills `count` places; false when a text is missing. */
static bool take_texts(const char **places, uint32_t count, const char **cursor, const char *end) {
    for (uint32_t i = 0; i < count; i++)
        if (!(places[i] = next_text(cursor, end)))
            return false;
    return true;
}

/* Points everything into the block's own copy of the texts. */
static bool lay_out(struct plan_block *block, const struct plan_head *head, const char *texts,
                    const char *end) {
    struct plan *plan = &block->plan;
    const char **argv = block->pointers;
    const char **envp = argv + head->argument_count + 1;
    const char *targets[LIMIT_PLAN_MOUNTS];
    plan->working_dir = next_text(&texts, end);
    if (!plan->working_dir || !take_texts(argv, head->argument_count, &texts, end) ||
        !take_texts(envp, head->variable_count, &texts, end) ||
        !take_texts(targets, head->mount_count, &texts, end))
        return false;
    plan->argv = argv;
    plan->envp = envp;
    for (uint32_t i = 0; i < head->mount_count; i++)
        plan->mounts[i].target = targets[i];
    return texts == end;
}

bool plan_decode(const void *data, size_t len, struct plan **ret_plan, struct err *err) {
    struct plan_head head;
    if (len < sizeof head || len > LIMIT_PLAN_BYTES)
        return err_set(err, ERR_SYNTAX, "plan: %zu bytes can't be a plan", len);
    memcpy(&head, data, sizeof head);
    if (!check_head(&head, err))
        return false;

    size_t pointers_bytes = (head.argument_count + head.variable_count + 2) * sizeof(char *);
    size_t texts_bytes = len - sizeof head;
    size_t size_bytes = sizeof(struct plan_block) + pointers_bytes + texts_bytes;
    struct plan_block *block = mem_alloc(size_bytes);
    block->size_bytes = size_bytes;
    block->plan = (struct plan){
        .memory_mb = head.memory_mb,
        .cpu_millis = head.cpu_millis,
        .tmp_mb = head.tmp_mb,
        .processes = head.processes,
        .descriptors = head.descriptors,
        .mount_count = head.mount_count,
    };
    char *texts = (char *)block->pointers + pointers_bytes;
    memcpy(texts, (const char *)data + sizeof head, texts_bytes);
    bool valid = lay_out(block, &head, texts, texts + texts_bytes)
                     ? check_texts(&block->plan, err)
                     : err_set(err, ERR_SYNTAX, "plan: the texts do not match their counts");
    if (!valid) {
        plan_free(&block->plan);
        return false;
    }
    *ret_plan = &block->plan;
    return true;
}

void plan_free(struct plan *plan) {
    if (!plan)
        return;
    struct plan_block *block = (struct plan_block *)(void *)((char *)plan -
                                                             offsetof(struct plan_block, plan));
    mem_wipe(block, block->size_bytes);
    free(block);
}
