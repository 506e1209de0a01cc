/* The tags of what is not a function: a record of kind "tags", named by the resource's ARN. */
#pragma once

#include <stdbool.h>

#include "api/edit.h"
#include "base/json.h"
#include "model/function_ref.h"
#include "model/tags.h"

/* "arn:aws:lambda:<region>:<caller's account>:<type>:<id>" */
void resource_arn(const struct api_call *call, const char *type, const char *id,
                  char arn[FUNCTION_ARN_BYTES]);

/* Reads them; none is fine. The caller frees with tags_done(). */
bool resource_tags_read(const struct api_call *call, const char *arn, struct tags *ret_tags, struct err *err);

/* Steps of an edit: the Tags map of a request (may be absent) for something new; changed tags; none any more.
 */
bool resource_tags_put(struct edit *edit, const char *arn, struct json_value map, struct err *err);
void resource_tags_replace(struct edit *edit, const char *arn, const struct tags *tags);
void resource_tags_delete(struct edit *edit, const char *arn);
