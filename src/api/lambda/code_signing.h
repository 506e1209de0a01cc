/* Code signing configurations, and which functions use them. A configuration is a record of the account, a
 * function's choice a record of the function. Loop thread. */
#pragma once

#include <stdbool.h>

#include "api/call.h"
#include "api/records.h"
#include "model/function_ref.h"

#define CODE_SIGNING_KIND "code-signing-config"

/* The document of the configuration of that ARN; NULL when there is none in the caller's account. It stays
 * not longer than until the loop's next turn. */
const char *code_signing_find(const struct api_call *call, const char *arn);

/* "The Lambda code signing configuration <arn> can not be found." */
bool code_signing_not_found(const char *arn, struct err *err);

/* For operations that attach one to a function: ERR_NO_SIGNING_CONFIG when there is none of that ARN. */
bool code_signing_check(const struct api_call *call, const char *arn, struct err *err);

/* The record by which a function uses a configuration: {"CodeSigningConfigArn":"..."}, in fresh memory. */
char *code_signing_use(const char *arn);

/* The next function of the account, behind that name ("" for the first), that uses the configuration: its
 * name, or NULL. */
const char *code_signing_next_user(const struct records *records, const char *account, const char *arn,
                                   const char *after);
