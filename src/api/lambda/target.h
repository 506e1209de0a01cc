/* From the names in a request to a function. Loop thread. */
#pragma once

#include <stdbool.h>

#include "api/call.h"
#include "api/lambda/catalogue.h"

/* Room for a reference that is too long by far, so that the refusal can show it. */
#define TARGET_TEXT_BYTES 2049

enum target_qualifier {
    TARGET_WITH_QUALIFIER,   /* the operation has a Qualifier parameter */
    TARGET_UNQUALIFIED_ONLY, /* and works on functions alone: other qualifiers than $LATEST are refused */
};

/* The function that the path's FunctionName and the Qualifier parameter name: checked, but perhaps not
 * existing. */
bool target_parse(const struct api_call *call, enum function_ref_kind kind, enum target_qualifier qualifier,
                  struct function_ref *ret_ref, struct err *err);

/* ERR_PARAMETER when the reference names anything but $LATEST. */
bool target_check_unqualified(const struct function_ref *ref, struct err *err);

/* NULL for one that does not exist or is just being created. */
struct catalogue_entry *target_find(const struct api_call *call, const struct function_ref *ref);

/* "Function not found: <arn>[:<qualifier>]" */
bool target_not_found(const struct api_call *call, const char *name, const char *qualifier, struct err *err);

/* The version that the qualifier ("" for $LATEST) names; ERR_NOT_FOUND with the qualifier in its text. */
bool target_version(const struct api_call *call, const struct function_ref *ref,
                    struct function **ret_version, struct catalogue_entry **ret_entry, struct err *err);

/* ERR_CONFLICT while the function is Pending or an update is in progress. */
bool target_check_changeable(const struct catalogue_entry *entry, struct err *err);

/* ERR_PRECONDITION when a RevisionId was sent ("" or NULL: none) and is not the function's. */
bool target_check_revision(const struct catalogue_entry *entry, const char *revision_id, struct err *err);
