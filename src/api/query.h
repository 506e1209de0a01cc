/* Answers of services with the query protocol: <GetRoleResponse><GetRoleResult>...</GetRoleResult>
 * <ResponseMetadata>...</ResponseMetadata></GetRoleResponse>. Source: AWS Query protocol of Smithy. */
#pragma once

#include "api/call.h"
#include "base/buf.h"

#define QUERY_ANSWER_BYTES (16u * 1024 * 1024)

/* Around the members of a result. */
void query_open(struct buf *body, const struct api_call *call);
void query_close(struct buf *body, const struct api_call *call);

/* The whole answer of an operation without a result. */
void query_put_empty(struct buf *body, const struct api_call *call);
