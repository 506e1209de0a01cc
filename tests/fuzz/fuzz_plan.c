/* Any bytes as a packet to lamb-spawner, and as a program for lamb-init. What must hold: what is taken keeps
 * every bound it promises and encodes to the very same bytes; nothing else is taken; nothing crashes. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "sandbox/message.h"
#include "sandbox/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count(const char *const *texts) {
    size_t number = 0;
    while (texts[number])
        number += strlen(texts[number]) < LIMIT_PLAN_BYTES;
    return number;
}

static void check_program(const struct program *program) {
    assert(program->working_dir[0] == '/');
    assert(count(program->argv) >= 1 && program->argv[0][0] != '\0');
    assert(count(program->argv) + count(program->envp) <= PROGRAM_MAX_TEXTS);
}

static void check_plan(const struct plan *plan) {
    assert(plan->memory_mb >= 1 && plan->memory_mb <= LIMIT_MEMORY_MAX_MB);
    assert(plan->cpu_millis >= 1 && plan->cpu_millis <= PLAN_MAX_CPU_MILLIS);
    assert(plan->tmp_mb >= 1 && plan->tmp_mb <= LIMIT_TMP_MAX_MB);
    assert(plan->processes >= 1 && plan->processes <= LIMIT_ENVIRONMENT_PROCESSES);
    assert(plan->descriptors >= 3 && plan->descriptors <= LIMIT_ENVIRONMENT_FDS);
    assert(plan->mount_count <= LIMIT_PLAN_MOUNTS);
    if (plan->program.argv)
        check_program(&plan->program);
    for (size_t i = 0; i < plan->mount_count; i++) {
        const char *target = plan->mounts[i].target;
        size_t len = strlen(target);
        assert(target[0] == '/' && len > 1 && target[len - 1] != '/');
        assert(!strstr(target, "//") && !strstr(target, "/./") && !strstr(target, "/../"));
        assert(strcmp(target + len - 2, "/.") != 0 && (len < 3 || strcmp(target + len - 3, "/..") != 0));
    }
}

static void try_plan(const void *data, size_t size) {
    struct plan *plan = NULL;
    struct err err;
    if (!plan_decode(data, size, &plan, &err)) {
        assert(err.code != ERR_NONE && err.text[0] != '\0');
        assert(!plan);
        return;
    }
    check_plan(plan);
    OWN(buf) struct buf again;
    buf_init(&again, LIMIT_PLAN_BYTES);
    assert(plan_encode(plan, &again, &err));
    assert(again.len == size && memcmp(again.data, data, size) == 0);
    plan_free(plan);
}

/* As lamb-init gets them over the control line. */
static void try_program(const void *data, size_t size) {
    struct program *program = NULL;
    struct err err;
    if (!program_decode(data, size, &program, &err)) {
        assert(err.code != ERR_NONE && err.text[0] != '\0');
        assert(!program);
        return;
    }
    check_program(program);
    OWN(buf) struct buf again;
    buf_init(&again, LIMIT_PLAN_BYTES);
    program_append(&again, program);
    assert(again.len == size && memcmp(again.data, data, size) == 0);
    program_free(program);
}

/* In front of some of the inputs stands a head that fits, or only the packets' refusals would be tried. */
static void try_packet(const void *data, size_t size) {
    struct message message;
    struct err err;
    if (!message_parse(data, size, &message, &err)) {
        assert(err.code != ERR_NONE && err.text[0] != '\0');
        return;
    }
    assert(message.type >= MESSAGE_CLAIM && message.type <= MESSAGE_ENDED);
    assert(message.body_len + sizeof(struct message_head) == size);
    if (message.type == MESSAGE_FAILED || message.type == MESSAGE_FITTED) {
        message_read_failure(&message, &err);
        assert(err.code > ERR_NONE && err.code <= ERR_INTERNAL);
    }
    if (message.type == MESSAGE_CLAIM || message.type == MESSAGE_FIT)
        try_plan(message.body, message.body_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    try_plan(data, size);
    try_program(data, size);
    try_packet(data, size);
    if (size > 0) {
        struct message_head head = message_head((enum message_type)(data[0] % 11));
        OWN(buf) struct buf packet;
        buf_init(&packet, sizeof head + size);
        buf_append(&packet, &head, sizeof head);
        buf_append(&packet, data, size);
        try_packet(packet.data, packet.len);
    }
    return 0;
}
