/* Edits of one function and what belongs to it; see api/edit.h.
 *
 * Records in the function's scope that hang on one of its versions or aliases are named by that qualifier;
 * they go with it. Records of the function itself have another name: "" or "$LATEST". */
#pragma once

#include "api/edit.h"
#include "api/lambda/catalogue.h"

/* Takes a turn of the entry, which the edit's `owner` then is. `prepare` has to look whether the entry was
 * deleted meanwhile (is_deleted). */
void function_edit_start(struct api_call *call, struct catalogue_entry *entry, void *state,
                         const struct edit_actions *actions);

static inline struct catalogue_entry *function_edit_entry(const struct edit *edit) {
    return edit->owner;
}

/* The key of a record of the function; `scope` is the caller's space for its scope. */
struct record_key function_record(const struct catalogue_entry *entry, const char *kind, const char *name,
                                  char scope[RECORD_FUNCTION_SCOPE_BYTES]);

/* A step that gives $LATEST a new RevisionId and nothing else; swap it in with function_edit_swap(). */
void function_edit_revise(struct edit *edit);

/* The same for any version; it returns the new RevisionId. */
const char *function_edit_revise_version(struct edit *edit, const struct function *version);

/* For `committed`: makes the versions of all revising steps the current ones. */
void function_edit_swap(struct edit *edit);

/* Steps that delete everything that hangs on a version or alias. */
void function_edit_delete_qualified(struct edit *edit, const char *qualifier);
