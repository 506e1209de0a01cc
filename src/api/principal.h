/* Who makes a request, as a plain value. */
#pragma once

#include <stdint.h>

#include "model/function_ref.h"

enum principal_kind {
    PRINCIPAL_ROOT,    /* of an account: may do everything there */
    PRINCIPAL_USER,    /* of IAM */
    PRINCIPAL_SESSION, /* of a role, with temporary credentials */
};

#define PRINCIPAL_ARN_BYTES 640 /* a path of 512 characters and a name of 64 */
#define PRINCIPAL_NAME_BYTES 65
#define PRINCIPAL_ID_BYTES 96

struct principal {
    enum principal_kind kind;
    char account[ACCOUNT_BYTES];
    char name[PRINCIPAL_NAME_BYTES]; /* of the user or the role; "" for root */
    char arn[PRINCIPAL_ARN_BYTES];   /* of root, user or session, as GetCallerIdentity shows it */
    int64_t issued_s;                /* when the session began; 0 for others */
    char id[PRINCIPAL_ID_BYTES];     /* UserId: account, "AIDA...", or "AROA...:SESSION" */
};
