/* Resource policies as Lambda keeps them, for functions and layer versions: documents that grow and shrink by
 * one statement, written the way the service writes them. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* One statement. Members that are NULL were not sent. */
struct permission {
    const char *sid;
    const char *action;
    const char *principal; /* account, ARN, service or "*" */
    const char *resource;  /* ARN */
    const char *source_arn;
    const char *source_account;
    const char *organization;
    const char *event_source_token;
    const char *url_auth_type;
    const char *via_url; /* "true" or "false" */
};

/* Appends the statement as JSON: Sid, Effect, Principal, Action, Resource, Condition. ERR_PARAMETER for a
 * principal of no known form. */
bool permission_write(const struct permission *permission, struct buf *statement, struct err *err);

/* Always false: ERR_PARAMETER in the service's words. */
bool policy_document_refuse_principal(struct err *err);

/* Whether the document (NULL: none yet) has a statement with that id. */
bool policy_document_has(const char *document, const char *sid);

/* Writes the document (NULL: none yet) with the statement behind the others. */
void policy_document_add(const char *document, const char *statement, struct buf *ret_document);

/* Writes the document without the statement of that id; false when no statement is left. */
bool policy_document_remove(const char *document, const char *sid, struct buf *ret_document);

/* The longest one. Source: Lambda API, PolicyLengthExceededException; the quota "Function resource-based
 * policy". */
#define POLICY_DOCUMENT_BYTES 20480

/* ERR_POLICY_TOO_LONG when it is longer than that. */
bool policy_document_check_length(size_t len, struct err *err);
