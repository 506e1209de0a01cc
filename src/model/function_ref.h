/* How a caller names a function: a bare name, a partial or a whole ARN, with or without a qualifier.
 * Source: Lambda API, NamespacedFunctionName; texts of refusals recorded from the service. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* The longest reference a read accepts (256 characters) and NUL: any part of it fits. Stored names have at
 * most 64. */
#define FUNCTION_NAME_BYTES 257
#define FUNCTION_QUALIFIER_BYTES 257
#define FUNCTION_ARN_BYTES 512
#define ACCOUNT_BYTES 13
#define REGION_BYTES 33 /* of a configured region */

#define FUNCTION_LATEST "$LATEST"

struct function_ref {
    char region[FUNCTION_NAME_BYTES]; /* "" when not given */
    char account[ACCOUNT_BYTES];      /* "" when not given */
    char name[FUNCTION_NAME_BYTES];
    char qualifier[FUNCTION_QUALIFIER_BYTES]; /* "" when not given */
};

/* Which pattern the operation's member has: writes forbid '.' in names and stop at 140 characters, reads
 * allow it and 256. */
enum function_ref_kind { FUNCTION_REF_READ, FUNCTION_REF_WRITE };

/* ERR_VALIDATION with the service's "1 validation error detected: ..." text when `text` has no accepted form.
 */
bool function_ref_parse(const char *text, enum function_ref_kind kind, struct function_ref *ret_ref,
                        struct err *err);

/* For CreateFunction: ERR_PARAMETER when the name itself has more than 64 characters. */
bool function_ref_check_new_name(const struct function_ref *ref, struct err *err);

/* Joins in the Qualifier parameter ("" when not sent). ERR_VALIDATION for a malformed one, ERR_PARAMETER "The
 * derived qualifier from the function name does not match the specified qualifier." */
bool function_ref_qualify(struct function_ref *ref, const char *qualifier, struct err *err);

/* ERR_NOT_FOUND for another region, ERR_DENIED (empty text) for another account. */
bool function_ref_check_home(const struct function_ref *ref, const char *region, const char *account,
                             struct err *err);

bool function_qualifier_is_version(const char *qualifier); /* digits only */

/* "arn:aws:lambda:<region>:<account>:function:<name>[:<qualifier>]"; qualifier "" or NULL for none. The
 * partition follows the region (aws, aws-cn, aws-us-gov). */
void function_arn_format(const char *region, const char *account, const char *name, const char *qualifier,
                         char ret_arn[FUNCTION_ARN_BYTES]);

/* "aws", "aws-cn", ...: what the ARNs of a region begin with. */
const char *function_arn_partition(const char *region);
