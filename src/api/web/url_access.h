/* Whether a request to a function's URL may have it: AuthType NONE by the function's policy alone, AWS_IAM by
 * a signature and the policies of both sides. Either way two permissions are needed,
 * lambda:InvokeFunctionUrl and lambda:InvokeFunction. Source: Lambda Developer Guide, "Control access to
 * Lambda function URLs". Loop thread. */
#pragma once

#include <stdbool.h>

#include "api/auth.h"
#include "api/call.h"
#include "api/lambda/catalogue.h"
#include "api/web/event.h"
#include "api/web/url_index.h"
#include "http/sigv4.h"

/* What the event says of who signed; `iam` points into it and into the call. */
struct url_caller {
    struct sigv4_claim claim;
    struct web_iam iam;
};

/* False with the exception to answer with. *ret_iam is NULL when the URL needs no signature. */
bool url_access_check(struct api_call *call, const struct web_url *url, const struct catalogue_entry *entry,
                      struct url_caller *caller, const struct web_iam **ret_iam,
                      struct auth_refusal *refusal);
