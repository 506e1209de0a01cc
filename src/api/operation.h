/* One operation of an AWS service, as a row of that service's table, and the lookup of a row by method and
 * path. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/request.h"
#include "model/constraint.h"

struct api_call;

struct api_operation {
    const char *name;    /* "GetFunction" */
    const char *method;  /* "GET" */
    const char *path;    /* "/2015-03-31/functions/{FunctionName}" */
    const char *query;   /* "List=ALL": must be there, for operations that share a path; or NULL */
    const char *action;  /* the name permissions and messages use, where it is not `name` */
    uint32_t body_bytes; /* the longest request body; 0 = LIMIT_CONTROL_REQUEST_BYTES */
    int status;          /* of success */
    bool is_open;        /* needs no signature */
    bool is_raw; /* the handler reads, checks and authorizes the request itself: for the invoke path */
    const struct constraint *members; /* of the request; see model/lambda/members.h */
    const char *lacks; /* the effect that is still missing, for docs/compatibility.md: "nothing polls the
                          source yet"; or NULL */
    void (*run)(struct api_call *call); /* NULL: not supported yet */
};

#define OPERATION_MAX_LABELS 3

/* A row found for a request, with the raw (percent-encoded) texts at the places of the {labels}, in order. */
struct operation_match {
    const struct api_operation *operation;
    struct http_text labels[OPERATION_MAX_LABELS];
};

/* The paths of a table as a tree of segments. The table must outlive it. */
struct operation_tree;

struct operation_tree *operation_tree_new(const struct api_operation *table, size_t count);
void operation_tree_free(struct operation_tree *tree); /* NULL is fine */

/* A slash at the end of the path is ignored. False when no operation has that method and path. */
bool operation_find(const struct operation_tree *tree, const struct http_request *request,
                    struct operation_match *ret_match);
