/* The plan's bytes. One packet holds, in host byte order since both ends are on one machine:
 *
 *   struct plan_head                       numbers and counts
 *   mounts[0].target NUL ...               as many as the count says
 *   the program's bytes                    see program.c; nothing where there is none
 *
 * A decoded plan is a block with the struct and a copy of the targets, and the block of its program. */
#include "sandbox/plan.h"

#include <string.h>

#include "base/mem.h"

struct plan_head {
    uint32_t memory_mb;
    uint32_t cpu_millis;
    uint32_t tmp_mb;
    uint32_t processes;
    uint32_t descriptors;
    uint32_t mount_count;
    uint32_t has_handover;
};

struct plan_block {
    struct plan plan;
    struct program *program; /* what plan.program was decoded into */
    char targets[];
};

bool plan_encode(const struct plan *plan, struct buf *buf, struct err *err) {
    const struct plan_head head = {
        .memory_mb = plan->memory_mb,
        .cpu_millis = plan->cpu_millis,
        .tmp_mb = plan->tmp_mb,
        .processes = plan->processes,
        .descriptors = plan->descriptors,
        .mount_count = (uint32_t)plan->mount_count,
        .has_handover = plan->has_handover,
    };
    size_t start = buf->len;
    buf_append(buf, &head, sizeof head);
    for (size_t i = 0; i < plan->mount_count; i++)
        program_append_text(buf, plan->mounts[i].target);
    if (plan->program.argv)
        program_append(buf, &plan->program);
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
    return check_number("memory_mb", head->memory_mb, 1, LIMIT_MEMORY_MAX_MB, err) &&
           check_number("cpu_millis", head->cpu_millis, 1, PLAN_MAX_CPU_MILLIS, err) &&
           check_number("tmp_mb", head->tmp_mb, 1, LIMIT_TMP_MAX_MB, err) &&
           check_number("processes", head->processes, 1, LIMIT_ENVIRONMENT_PROCESSES, err) &&
           check_number("descriptors", head->descriptors, 3, LIMIT_ENVIRONMENT_FDS, err) &&
           check_number("mounts", head->mount_count, 0, LIMIT_PLAN_MOUNTS, err) &&
           check_number("has_handover", head->has_handover, 0, 1, err);
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

/* Moves *cursor behind the targets. */
static bool check_targets(uint32_t count, const char **cursor, const char *end, struct err *err) {
    for (uint32_t i = 0; i < count; i++) {
        const char *target = program_take_text(cursor, end);
        if (!target)
            return err_set(err, ERR_SYNTAX, "plan: there are less than %u targets", count);
        if (!is_plain_path(target))
            return err_set(err, ERR_SYNTAX, "plan: \"%s\" can't be a mount's target", target);
    }
    return true;
}

static struct plan_block *make_block(const struct plan_head *head, const char *targets, size_t len) {
    struct plan_block *block = mem_alloc(sizeof *block + len);
    block->plan = (struct plan){
        .memory_mb = head->memory_mb,
        .cpu_millis = head->cpu_millis,
        .tmp_mb = head->tmp_mb,
        .processes = head->processes,
        .descriptors = head->descriptors,
        .has_handover = head->has_handover,
        .mount_count = head->mount_count,
    };
    memcpy(block->targets, targets, len);
    const char *cursor = block->targets;
    for (uint32_t i = 0; i < head->mount_count; i++)
        block->plan.mounts[i].target = program_take_text(&cursor, block->targets + len);
    return block;
}

bool plan_decode(const void *data, size_t len, struct plan **ret_plan, struct err *err) {
    struct plan_head head;
    if (len < sizeof head || len > LIMIT_PLAN_BYTES)
        return err_set(err, ERR_SYNTAX, "plan: %zu bytes can't be a plan", len);
    memcpy(&head, data, sizeof head);
    const char *targets = (const char *)data + sizeof head;
    const char *end = (const char *)data + len;
    const char *rest = targets;
    struct program *program = NULL;
    if (!check_head(&head, err) || !check_targets(head.mount_count, &rest, end, err) ||
        (rest < end && !program_decode(rest, (size_t)(end - rest), &program, err)))
        return false;
    struct plan_block *block = make_block(&head, targets, (size_t)(rest - targets));
    block->program = program;
    if (program)
        block->plan.program = *program;
    *ret_plan = &block->plan;
    return true;
}

void plan_free(struct plan *plan) {
    if (!plan)
        return;
    struct plan_block *block = (struct plan_block *)(void *)((char *)plan -
                                                             offsetof(struct plan_block, plan));
    program_free(block->program);
    free(block);
}
