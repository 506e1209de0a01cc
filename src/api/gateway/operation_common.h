/* What the handlers of operations on HTTP APIs share. Loop thread. */
#pragma once

#include "api/gateway/change.h"
#include "api/gateway/gateway.h"

/* The actions of an edit; gateway_edit() starts it, in the service's turn. */
#define GATEWAY_EDIT(function)                                                                               \
    { .prepare = (function), .committed = gateway_edit_committed, .finished = gateway_edit_finished }
void gateway_edit(struct api_call *call, const struct edit_actions *actions);
void gateway_edit_committed(struct edit *edit);
void gateway_edit_finished(struct edit *edit);

/* Inside `prepare`: which API has changed, so that its requests are served the new way. */
void gateway_edited(struct edit *edit, const char *api_id);

/* Whether the API may have one more of the change's kind. ERR_LIMIT. */
bool gateway_check_room(const struct gateway_change *change, struct err *err);

/* A change of what there is. ERR_NOT_FOUND; then, too, gateway_change_done() may be called. */
bool gateway_change_begin_old(struct gateway_change *change, struct edit *edit,
                              const struct gateway_kind *kind, const char *api_id, const char *name,
                              struct err *err);
