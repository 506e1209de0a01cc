/* What conditions of policies can look at in a call of Lambda. For authorize.c. Source: Service Authorization
 * Reference, "Condition keys for AWS Lambda". */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "api/access.h"
#include "api/call.h"
#include "api/lambda/catalogue.h"

/* Owns its texts. Starts as {0}. */
struct facts {
    struct policy_fact items[ACCESS_MAX_FACTS];
    size_t count;
};

void facts_done(struct facts *facts);

/* aws:ResourceTag/KEY of the function; NULL has none. */
void facts_add_function(struct facts *facts, const struct catalogue_entry *entry);

/* Those of the request's members: aws:RequestTag/KEY, aws:TagKeys, lambda:Principal and so on. ERR_PARAMETER
 * when there are more tags or layers than any request may have. */
bool facts_add_request(struct facts *facts, const struct api_call *call, struct err *err);
