/* What the settings beside a function's configuration have in common. Each is a record of the function, named
 * by what it belongs to: "$LATEST", the number of a version, an alias, or "" where it is the whole
 * function's. Loop thread. */
#pragma once

#include <stdbool.h>

#include "api/lambda/function_edit.h"
#include "api/web/url_index.h"
#include "base/json.h"

/* Kinds of records. */
#define SETTING_CODE_SIGNING "code-signing"
#define SETTING_CONCURRENCY "concurrency"
#define SETTING_EVENT_INVOKE "event-invoke"
#define SETTING_PROVISIONED "provisioned"
#define SETTING_RECURSION "recursion"
#define SETTING_RUNTIME_MANAGEMENT "runtime-management"
#define SETTING_URL WEB_URL_RECORD

/* The JSON document, or NULL. It stays not longer than until the loop's next turn. */
const char *setting_document(const struct api *api, const struct catalogue_entry *entry, const char *kind,
                             const char *name);

/* The same parsed, absent when there is none. The caller frees with json_doc_done(), in any case. */
struct json_value setting_read(const struct api *api, const struct catalogue_entry *entry, const char *kind,
                               const char *name, struct json_doc *ret_doc);
struct json_value setting_parse(const char *document, struct json_doc *ret_doc);

/* A number of a document; `fallback` when it is not there. */
int64_t setting_number(struct json_value document, const char *member, int64_t fallback);

/* A member of a document or request as it stands there; nothing when it is not there. */
void setting_copy(struct json_writer *writer, struct json_value object, const char *member);

/* A list of what a function's versions and aliases have of one kind. */
struct setting_list {
    const char *kind;
    const char *key;   /* of the array in the answer */
    size_t item_bytes; /* at the most */
    void (*write)(struct json_writer *writer, const struct api_call *call,
                  const struct catalogue_entry *entry, const struct record *item);
};

/* Answers with the page of it that was asked for. */
void setting_answer_list(struct api_call *call, const struct catalogue_entry *entry,
                         const struct setting_list *list);

/* Steps of an edit of the function. */
void setting_put(struct edit *edit, const char *kind, const char *name, const char *document);
void setting_delete(struct edit *edit, const char *kind, const char *name);

/* Says in the log that the setting was accepted, and what effect the operation lacks. */
void setting_warn(const struct edit *edit, const char *setting);

/* An edit of a function that has to agree with changes of others: it has the turn of the service
 * (lambda->turns) too. Its actions must have setting_edit_finished() as `finished`. */
void setting_edit_start(struct api_call *call, struct catalogue_entry *entry,
                        const struct edit_actions *actions);
void setting_edit_finished(struct edit *edit);
