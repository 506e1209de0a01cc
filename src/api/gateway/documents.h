/* HTTP APIs as records. An API is a record of kind "http-api"; what it has lies in its scope, a record for
 * each authorizer, deployment, integration, route and stage, named by its id (a stage by its name). The
 * documents are what the Get operations answer. A deployment that is not automatic has a snapshot beside:
 * what there was when it was made. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "api/records.h"
#include "base/buf.h"
#include "base/json.h"

#define GATEWAY_API_KIND "http-api"
#define GATEWAY_AUTHORIZER_KIND "authorizer"
#define GATEWAY_DEPLOYMENT_KIND "deployment"
#define GATEWAY_INTEGRATION_KIND "integration"
#define GATEWAY_ROUTE_KIND "route"
#define GATEWAY_SNAPSHOT_KIND "snapshot"
#define GATEWAY_STAGE_KIND "stage"

#define GATEWAY_ID_CHARS 10
#define GATEWAY_SCOPE_BYTES 32

/* The longest document of one thing: a request of the control plane, and what we add. A snapshot is as long
 * as all that an API may have. */
#define GATEWAY_DOCUMENT_BYTES (2u * 1024 * 1024)
#define GATEWAY_SNAPSHOT_BYTES (64u * 1024 * 1024)
#define GATEWAY_SNAPSHOT_TOKENS 1000000u

/* The key of what an API has; `name` "" for walking. */
struct record_key gateway_key(const char *account, const char *api_id, const char *kind, const char *name,
                              char scope[GATEWAY_SCOPE_BYTES]);

/* The document, or NULL: not longer there than until the loop's next turn. */
const char *gateway_document(const struct records *records, const char *account, const char *api_id,
                             const char *kind, const char *name);

/* That of the API itself. */
const char *gateway_api_document(const struct records *records, const char *account, const char *api_id);

/* How many an API has. */
size_t gateway_count(const struct records *records, const char *account, const char *api_id,
                     const char *kind);

/* Walks them: start with *place = 0. */
const struct record *gateway_next(const struct records *records, const char *account, const char *api_id,
                                  const char *kind, size_t *place);

/* {"authorizers":[...],"integrations":[...],"routes":[...]} as they are now. */
void gateway_snapshot(const struct records *records, const char *account, const char *api_id,
                      struct buf *ret_text);
