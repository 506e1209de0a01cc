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
    TARGET_BARE,             /* the same, and $LATEST is refused too */
};

/* The function that the checked FunctionName and Qualifier name, which perhaps does not exist: of the
 * caller's account unless it names another. ERR_PARAMETER for qualifiers that contradict each other or are
 * not wanted, ERR_NOT_FOUND for another region. */
bool target_parse(const struct api_call *call, enum function_ref_kind kind, enum target_qualifier qualifier,
                  struct function_ref *ret_ref, struct err *err);

/* The same for operations that are `is_raw`, from the request itself: ERR_VALIDATION too. */
bool target_parse_raw(const struct api_call *call, struct function_ref *ret_ref, struct err *err);

/* ERR_PARAMETER when the reference names anything but $LATEST. */
bool target_check_unqualified(const struct function_ref *ref, struct err *err);

/* NULL for one that does not exist or is just being created. */
struct catalogue_entry *target_find(const struct api_call *call, const struct function_ref *ref);

/* The same; ERR_NOT_FOUND for one that does not exist. */
bool target_entry(const struct api_call *call, const struct function_ref *ref,
                  struct catalogue_entry **ret_entry, struct err *err);

/* The qualifier; $LATEST for a reference without one. */
const char *target_qualifier(const struct function_ref *ref);

/* The ARN of what the reference names, qualified as the caller did. */
void target_arn(const struct api_call *call, const struct function_ref *ref,
                char ret_arn[FUNCTION_ARN_BYTES]);

/* The function that an operation of TARGET_UNQUALIFIED_ONLY names: target_parse() and target_entry(). */
bool target_function(const struct api_call *call, enum function_ref_kind kind,
                     struct catalogue_entry **ret_entry, struct err *err);

/* "Function not found: <arn>[:<qualifier>]" */
bool target_not_found(const struct api_call *call, const struct function_ref *ref, struct err *err);
bool target_gone(const struct api_call *call, const struct catalogue_entry *entry, struct err *err);

/* The version that the qualifier ("" for $LATEST, or an alias) names; ERR_NOT_FOUND with the qualifier in its
 * text. */
bool target_version(const struct api_call *call, const struct function_ref *ref,
                    struct function **ret_version, struct catalogue_entry **ret_entry, struct err *err);

/* Whether the version or alias that the reference names exists ("" does): ERR_NOT_FOUND, in other words for
 * each kind of qualifier. `entry` is the function's, NULL when there is none. */
bool target_check_qualifier(const struct api_call *call, const struct function_ref *ref,
                            const struct catalogue_entry *entry, struct err *err);

/* ERR_CONFLICT while the function is Pending or an update is in progress. */
bool target_check_changeable(const struct catalogue_entry *entry, struct err *err);

/* ERR_CONFLICT unless the version is Active. */
bool target_check_active(const struct function *version, struct err *err);

/* ERR_PRECONDITION when a RevisionId was sent ("" or NULL: none) and is not the current one. `reader` is the
 * operation that tells it: "GetFunction/GetAlias", "GetPolicy". */
bool target_check_revision(const char *current_id, const char *revision_id, const char *reader,
                           struct err *err);
#define TARGET_REVISION_READER "GetFunction/GetAlias"
