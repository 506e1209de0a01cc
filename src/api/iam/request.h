/* What the operations of IAM share: whom a request is about, whether the caller may, and changes. Loop
 * thread. */
#pragma once

#include <stdbool.h>

#include "api/call.h"
#include "api/edit.h"
#include "api/iam/identity.h"

/* Which kind of thing the operation is about: "PutRolePolicy" is about a role. */
enum identity_kind iam_kind(const struct api_call *call);

/* A member of the request; NULL when it was not sent, or the operation has none of that name. */
const char *iam_text(const struct api_call *call, const char *name);

/* The user or role that the request names; without a UserName it is the calling user. ERR_NOT_FOUND, and
 * ERR_VALIDATION when a name is needed. The identity stays until the next change. */
const struct identity *iam_subject(const struct api_call *call, struct err *err);

/* The managed policy that PolicyArn names, of the caller's account or of AWS; `words` follow its ARN in
 * ERR_NOT_FOUND: "was not found". */
const struct identity *iam_policy(const struct api_call *call, const char *words, struct err *err);

/* The forms of names and paths, and the caller's permission. */
bool iam_authorize(struct api_call *call, struct err *err);

/* ---- changes: one at a time ---- */

/* Starts an edit that only prepares steps on records; what follows their commit is the same for all. */
void iam_change(struct api_call *call, bool (*prepare)(struct edit *edit, struct err *err));

/* A copy of the request's user or role, to be changed and put back; the caller frees it with
 * identity_done(). */
bool iam_copy_subject(const struct edit *edit, struct identity *ret_identity, struct err *err);

/* ERR_LIMIT. */
bool iam_put(struct edit *edit, const struct identity *identity, struct err *err);
void iam_delete(struct edit *edit, const struct identity *identity);

/* The answer without a result. */
bool iam_done(struct edit *edit);
