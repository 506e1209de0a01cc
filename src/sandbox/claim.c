/* See claim.h. */
#include "sandbox/claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"

static void *map_private(size_t size, int advice) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || madvise(memory, size, advice) == -1) {
        fputs("lamb-spawner: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *claim_private_memory(size_t size) {
    return map_private(size, MADV_WIPEONFORK);
}

static bool check_parts(const struct plan *plan, enum message_type type, size_t fd_count, struct err *err) {
    bool is_claim = type == MESSAGE_CLAIM;
    if ((plan->program.argv != NULL) != is_claim || (plan->has_handover && !is_claim))
        return err_set(err, ERR_SYNTAX, "plan: a program belongs to a claim, and to nothing else");
    size_t expected = plan->mount_count + plan->has_handover;
    if (fd_count != expected)
        return err_set(err, ERR_SYNTAX, "plan: it needs %zu descriptors, but %zu came with it", expected,
                       fd_count);
    return true;
}

bool claim_read(const struct message *message, int fds[FD_MAX_PASSED], struct claim *ret_claim,
                struct err *err) {
    struct plan *plan;
    if (!plan_decode(message->body, message->body_len, &plan, err))
        return false;
    size_t fd_count = 0;
    while (fd_count < FD_MAX_PASSED && fds[fd_count] != -1)
        fd_count++;
    if (!check_parts(plan, message->type, fd_count, err)) {
        plan_free(plan);
        return false;
    }
    *ret_claim = (struct claim){
        .id = message->id,
        .plan = plan,
        .packet = message->body,
        .packet_len = message->body_len,
        .fd_count = fd_count,
    };
    list_init(&ret_claim->link);
    for (size_t i = 0; i < fd_count; i++)
        ret_claim->fds[i] = take_fd(&fds[i]);
    return true;
}

struct claim *claim_keep(struct claim *claim) {
    size_t mapped_bytes = sizeof *claim + claim->packet_len;
    struct claim *kept = map_private(mapped_bytes, MADV_DONTFORK);
    *kept = *claim;
    kept->mapped_bytes = mapped_bytes;
    kept->packet = memcpy(kept + 1, claim->packet, claim->packet_len);
    list_init(&kept->link);
    /* The decoded plan lies on the heap, which clones do get: it is decoded again when its turn comes. */
    plan_free(kept->plan);
    kept->plan = NULL;
    *claim = (struct claim){0};
    list_init(&claim->link);
    return kept;
}

bool claim_wake(struct claim *claim, struct err *err) {
    return claim->plan || plan_decode(claim->packet, claim->packet_len, &claim->plan, err);
}

void claim_done(struct claim *claim) {
    list_remove(&claim->link);
    plan_free(claim->plan);
    for (size_t i = 0; i < claim->fd_count; i++)
        fd_close(&claim->fds[i]);
    if (claim->mapped_bytes)
        munmap(claim, claim->mapped_bytes);
}
