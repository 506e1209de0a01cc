/* The tracing header of a call, as the function and the caller get it. */
#pragma once

#include "api/call.h"
#include "api/lambda/catalogue.h"

#define TRACE_ID_BYTES 200

/* What the caller sent, or a new one, with the lineage (model/lineage.h) that has this function in it. */
void trace_set(const struct api_call *call, const struct catalogue_entry *entry,
               char ret_trace_id[TRACE_ID_BYTES]);

/* Whether the call would go around in a loop of functions that is to be stopped (RecursiveLoop Terminate). */
#define TRACE_REFUSAL                                                                                        \
    "The function was called in a loop of functions that call each other, and Lambda stops such loops: "     \
    "see PutFunctionRecursionConfig."
bool trace_is_stopped(const struct api *api, const struct catalogue_entry *entry, const char *trace_id);
void trace_refuse(struct api_call *call);
