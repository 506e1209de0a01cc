/* Memory for small, bounded things. Allocation failure aborts: a size that comes from outside is checked by
 * its caller before it gets here, so running out means the machine is beyond saving. */
#pragma once

#include <stddef.h>
#include <stdlib.h>

/* Zeroed. Never NULL. */
void *mem_alloc(size_t size);
void *mem_alloc_array(size_t count, size_t item_size);
void *mem_resize(void *old, size_t size);

/* Copies; the caller frees. mem_copy_text adds a NUL; mem_text(NULL) is NULL. */
void *mem_copy(const void *data, size_t size);
char *mem_copy_text(const char *data, size_t len);
char *mem_text(const char *text);

/* printf into fresh memory; the caller frees. */
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Overwrites with zeros in a way the compiler keeps: for keys and signatures. */
void mem_wipe(void *data, size_t size);

static inline void mem_free_ptr(void *pointer_to_pointer) {
    free(*(void **)pointer_to_pointer);
}

/* `OWN_MEM char *x = ...`: freed when x leaves scope, unless handed over with take_ptr(x). */
#define OWN_MEM __attribute__((cleanup(mem_free_ptr)))

/* `OWN(buf) struct buf b` calls buf_done(&b) when b leaves scope. */
#define OWN(type) __attribute__((cleanup(type##_done)))

/* Hands ownership over: gives the pointer's value and leaves NULL behind. */
#define take_ptr(pointer)                                                                                    \
    __extension__({                                                                                          \
        __typeof__(pointer) taken_ = (pointer);                                                              \
        (pointer) = NULL;                                                                                    \
        taken_;                                                                                              \
    })
