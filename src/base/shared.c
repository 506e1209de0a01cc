/* See shared.h. A block is preceded by the count of its holders. */
#include "base/shared.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct head {
    _Alignas(8) uint32_t holders;
};

/* Every empty text; it has no head. */
static const char empty[1];

static struct head *head_of(const void *block) {
    return (struct head *)(uintptr_t)block - 1;
}

void *shared_new(size_t size) {
    struct head *head = mem_alloc(sizeof *head + size);
    head->holders = 1;
    return head + 1;
}

const void *shared_hold(const void *block) {
    if (!block || block == empty)
        return block;
    struct head *head = head_of(block);
    assert(head->holders > 0 && head->holders < UINT32_MAX);
    head->holders++;
    return block;
}

void shared_drop(const void *block) {
    if (!block || block == empty)
        return;
    struct head *head = head_of(block);
    assert(head->holders > 0);
    if (--head->holders == 0)
        free(head);
}

const char *shared_text(const char *text) {
    return text ? shared_text_bytes(text, strlen(text)) : NULL;
}

const char *shared_text_bytes(const char *data, size_t len) {
    if (len == 0)
        return empty;
    char *text = shared_new(len + 1);
    memcpy(text, data, len);
    return text;
}
