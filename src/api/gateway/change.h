/* What the operations on HTTP APIs have in common. Each kind of thing is a table of its members: a document
 * is what was sent, else what was there, else a fallback, and what Lamb says of it itself. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "api/call.h"
#include "api/edit.h"
#include "api/gateway/documents.h"

struct gateway_field {
    const char *name;
    const char *fallback; /* JSON; NULL: left out */
    const char *refusal;  /* why a value that says something can't be accepted; NULL: it can */
};

struct gateway_change;

struct gateway_kind {
    const char *word;   /* "Integration": in the operations' names and in refusals */
    const char *record; /* of its records */
    const char *id;     /* the member that names it, and the label of the path: "integrationId" */
    size_t id_chars;    /* of a new one; 0: the request names it */
    size_t most;        /* of them in an API: quotas of HTTP APIs; deployments: ours */
    const struct gateway_field *fields; /* ended by one without name, in the order of answers */

    /* Sets members that are ours, and adds steps beside that of the document itself. May be NULL. */
    bool (*complete)(struct gateway_change *change, struct err *err);

    /* Looks at the whole document. May be NULL. */
    bool (*check)(const struct gateway_change *change, struct json_value document, struct err *err);

    /* Before it is deleted; may add steps. May be NULL. */
    bool (*let_go)(struct gateway_change *change, struct err *err);
};

extern const struct gateway_kind gateway_api_kind;
extern const struct gateway_kind gateway_authorizer_kind;
extern const struct gateway_kind gateway_deployment_kind;
extern const struct gateway_kind gateway_integration_kind;
extern const struct gateway_kind gateway_route_kind;
extern const struct gateway_kind gateway_stage_kind;

/* The longest name of a thing: of a stage. */
#define GATEWAY_NAME_BYTES 129
#define GATEWAY_MOST_OWN 8

/* One thing that is made or changed within an edit. */
struct gateway_change {
    struct edit *edit;
    const struct gateway_kind *kind;
    const char *account;
    char api_id[GATEWAY_ID_CHARS + 1];
    char name[GATEWAY_NAME_BYTES];
    struct json_value request; /* absent: nothing was sent */
    struct json_value old;     /* absent: it is new */
    struct json_doc old_doc;   /* of `old` */
    struct {
        const char *member;
        char *json; /* owned; "" leaves the member out */
    } own[GATEWAY_MOST_OWN];
    size_t own_count;
    struct buf document; /* after gateway_change_write() */
};

/* Begins one of the caller's account: a new name when the kind has ids. */
void gateway_change_begin(struct gateway_change *change, struct edit *edit, const struct gateway_kind *kind,
                          const char *api_id);
void gateway_change_done(struct gateway_change *change);

static inline bool gateway_change_is_new(const struct gateway_change *change) {
    return !json_is_present(change->old);
}

/* What was sent for a member, as far as the operation has it: it was checked. */
struct json_value gateway_change_sent(const struct gateway_change *change, const char *member);

/* Members that are ours: as a text, or as JSON. */
void gateway_change_set(struct gateway_change *change, const char *member, const char *text);
void gateway_change_set_json(struct gateway_change *change, const char *member, const char *json);

/* The same with the time: "2026-01-31T12:34:56Z". */
void gateway_change_set_now(struct gateway_change *change, const char *member);

/* Whether a member is true now: ours, sent, or from before. */
bool gateway_change_is_true(const struct gateway_change *change, const char *member);

/* Makes the document, without looking at it, and adds its step. */
void gateway_change_write(struct gateway_change *change);

/* Refuses what can't be accepted, then completes, writes and checks. */
bool gateway_change_make(struct gateway_change *change, struct err *err);

/* A step for any record of the change's API. */
void gateway_change_put(struct gateway_change *change, const char *kind, const char *name,
                        const char *document);
void gateway_change_delete(struct gateway_change *change, const char *kind, const char *name);

/* Writes a stored document as an answer: an API's with its endpoint. */
void gateway_answer(struct json_writer *writer, const struct api_call *call, const struct gateway_kind *kind,
                    const char *document);
#define GATEWAY_ANSWER_BYTES (GATEWAY_DOCUMENT_BYTES + 4096)

/* The document of something of the caller's. ERR_NOT_FOUND in the service's words; gives NULL. */
const char *gateway_require(const struct api_call *call, const struct gateway_kind *kind, const char *api_id,
                            const char *name, struct err *err);
