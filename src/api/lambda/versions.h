/* Published versions of a function. Loop thread.
 *
 * Numbers are never used twice, even when a function is deleted and made again: what its next version gets is
 * then kept in a record of kind "version-counter". Source: Lambda Developer Guide, "Manage Lambda function
 * versions". */
#pragma once

#include <stdbool.h>

#include "api/lambda/lambda.h"

struct edit;

/* The version that publishing these values would only repeat: the last one, when its code and configuration
 * are the same. Source: Lambda Developer Guide, "Manage Lambda function versions". NULL for none. */
const struct function *version_find_same(const struct catalogue_entry *entry, const struct function *latest);

/* The next version of an entry, made from the values of $LATEST: Pending, one reference. Nothing is added
 * yet. */
struct function *version_new(struct lambda *lambda, const struct catalogue_entry *entry,
                             const struct function *latest);

/* Adds a committed one. Takes the reference; the caller holds its code. */
void version_add(struct lambda *lambda, struct catalogue_entry *entry, struct function *version);

/* ERR_STORAGE_FULL when the account's code would be too large with this $LATEST of the entry and, when not
 * NULL, this version in addition. */
bool version_check_storage(const struct lambda *lambda, const struct catalogue_entry *entry,
                           const struct function *latest, const struct function *version, struct err *err);

/* For the deletion of a function: the step that keeps its counter. */
void version_counter_keep(struct edit *edit, const struct catalogue_entry *entry);
