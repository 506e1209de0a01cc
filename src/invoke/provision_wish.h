/* Provisioned concurrency as a value: what is asked for, and how far it has come. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/function.h"

/* An alias may send calls to two versions. */
#define PROVISION_TARGETS 2

struct provision_target {
    const struct function *function; /* an ACTIVE version */
    uint32_t count;
};

struct provision_wish {
    const char *qualifier; /* an alias, or a version's number */
    uint32_t count;
    struct provision_target targets[PROVISION_TARGETS]; /* their counts make up `count` */
    size_t target_count;                                /* 0: the version can't run yet */
};

struct provision_status {
    uint32_t available; /* initialised for the versions that are wanted now */
    uint32_t allocated; /* and for those that are not, but have not ended yet */
    bool is_failed;
    char reason[ERR_TEXT_BYTES]; /* of the last failure */
};
