/* See request.h. */
#include "api/sqs/request.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/access.h"
#include "api/form.h"
#include "api/query.h"
#include "api/sqs/move_handle.h"
#include "base/limits.h"
#include "base/mem.h"
#include "model/unicode.h"

#define ACTION_BYTES 64
#define ID_CHARS 128 /* SQS API: MessageGroupId, MessageDeduplicationId */
#define EMPTY_ANSWER_BYTES 1024

/* A form as JSON: each of its bytes may become the escape of a control character. */
#define JSON_BYTES (LIMIT_QUEUE_REQUEST_BYTES * 6 + 1024)

/* ---- input; any thread ---- */

static bool read_form(struct input *input, struct err *err) {
    OWN(buf) struct buf json;
    buf_init(&json, JSON_BYTES);
    if (!form_to_json(input->members, input->form, input->form_len, &json, err))
        return false;
    input->body_len = json.len;
    input->body = buf_take(&json);
    return true;
}

/* The queue may be named by the path instead. */
static bool check_required(const struct input *input, struct err *err) {
    for (const struct constraint *member = input->members; member->name; member++)
        if (member->required && strcmp(member->name, "QueueUrl") != 0 &&
            !json_is_present(input_member(input, member->name)))
            return err_set(err, ERR_VALIDATION, "The request must contain the parameter %s.", member->name);
    return true;
}

static bool check_lists(const struct input *input, struct err *err) {
    for (const struct constraint *member = input->members; member->name; member++) {
        bool has_names = member->type == CONSTRAINT_LIST && member->item->type == CONSTRAINT_TEXT;
        uint32_t count = has_names ? json_size(input_member(input, member->name)) : 0;
        if (count > LIMIT_QUEUE_NAMES)
            return err_set(err, ERR_PARAMETER,
                           "The parameter %s is invalid. Reason: It has %u items; Lamb takes up to %d.",
                           member->name, count, LIMIT_QUEUE_NAMES);
    }
    return true;
}

bool sqs_check_input(struct input *input, struct err *err) {
    if (input->form && !read_form(input, err))
        return false;
    if (input->body_len) {
        if (!json_parse(&input->doc, input->body, input->body_len, LIMIT_CONTROL_JSON_TOKENS, err))
            return false;
        input->root = json_root(&input->doc);
    }
    const struct constraint whole = {.type = CONSTRAINT_STRUCT, .members = input->members};
    return constraint_check_types(&whole, input->root, err) && check_required(input, err) &&
           check_lists(input, err);
}

char *sqs_text(const struct api_call *call, const char *name) {
    return json_string(input_member(&call->input, name));
}

bool sqs_integer(struct json_value object, const struct sqs_bounds *bounds, int64_t fallback,
                 int64_t *ret_number, struct err *err) {
    int64_t number = fallback;
    json_integer(json_member(object, bounds->name), &number);
    bool is_default = number == fallback;
    if (!is_default && (number < bounds->min || number > bounds->max))
        return err_set(err, ERR_PARAMETER, "Value %lld for parameter %s is invalid. Reason: %s",
                       (long long)number, bounds->name, bounds->reason);
    *ret_number = number;
    return true;
}

bool sqs_check_id(const char *name, const char *text, struct err *err) {
    size_t len = strlen(text);
    bool is_fine = len >= 1 && len <= ID_CHARS;
    for (size_t i = 0; is_fine && i < len; i++)
        is_fine = text[i] > ' ' && text[i] < 0x7f;
    return is_fine || err_set(err, ERR_PARAMETER,
                              "Value %.300s for parameter %s is invalid. Reason: %s can only include "
                              "alphanumeric and punctuation characters. 1 to 128 in length.",
                              text, name, name);
}

bool sqs_refuse_for_type(const char *name, const char *value, struct err *err) {
    return err_set(err, ERR_PARAMETER,
                   "Value %.300s for parameter %s is invalid. Reason: The request include parameter that is "
                   "not valid for this queue type.",
                   value, name);
}

/* Source: SQS Developer Guide, "Amazon SQS cost allocation tags". */
bool sqs_check_tags(struct json_value map, struct err *err) {
    struct json_value key, value;
    for (uint32_t cursor = 0; json_each(map, &cursor, &key, &value);) {
        OWN_MEM char *key_text = json_string(key);
        OWN_MEM char *value_text = json_string(value);
        size_t key_chars = unicode_utf16_units(key_text, strlen(key_text));
        size_t value_chars = value_text ? unicode_utf16_units(value_text, strlen(value_text)) : 0;
        if (key_chars < 1 || key_chars > LIMIT_TAG_KEY_CHARS || value_chars > LIMIT_TAG_VALUE_CHARS)
            return err_set(err, ERR_PARAMETER,
                           "Tag keys must be between 1 and %d characters in length, and tag values at most "
                           "%d.",
                           LIMIT_TAG_KEY_CHARS, LIMIT_TAG_VALUE_CHARS);
    }
    return true;
}

/* ---- whom it is about ---- */

static bool find_location(const struct api_call *call, struct queue_location *ret_location, struct err *err) {
    OWN_MEM char *url = sqs_text(call, "QueueUrl");
    if (url && location_from_url(url, strlen(url), ret_location))
        return true;
    if (!url && call->request &&
        location_from_url(call->request->path.data, call->request->path.len, ret_location))
        return true;
    if (!url || url[0] == '\0')
        return err_set(err, ERR_VALIDATION, "The request must contain the parameter QueueUrl.");
    return err_set(err, ERR_PARAMETER_UNTYPED, "The address %s is not valid for this endpoint.", url);
}

bool sqs_no_queue(const struct api_call *call, struct err *err) {
    return err_set(err, ERR_NOT_FOUND, "The specified queue does not exist%s.",
                   call->speaks_xml ? " for this wsdl version" : "");
}

struct queue_definition *sqs_queue(const struct api_call *call, struct err *err) {
    struct queue_location location;
    if (!find_location(call, &location, err))
        return NULL;
    struct queue_definition *definition = definitions_find(call->api->sqs, &location);
    if (!definition)
        sqs_no_queue(call, err);
    return definition;
}

struct queue_definition *sqs_queue_of_arn(const struct api_call *call, const char *name, struct err *err) {
    OWN_MEM char *arn = sqs_text(call, name);
    struct queue_location location;
    struct queue_definition *definition = location_from_arn(arn, call->api->options.region, &location)
                                              ? definitions_find(call->api->sqs, &location)
                                              : NULL;
    if (!definition)
        err_set(err, ERR_NOT_FOUND_UNTYPED,
                "The resource that you specified for the %s parameter doesn't exist.", name);
    return definition;
}

/* ---- permission ---- */

/* Operations that a queue's policy can't open to other accounts. Source: SQS API, "Cross-account permissions
 * don't apply to this action". */
static const char *const unshared[] = {
    "AddPermission",        "CancelMessageMoveTask", "CreateQueue", "DeleteQueue",
    "ListMessageMoveTasks", "ListQueueTags",         "ListQueues",  "RemovePermission",
    "SetQueueAttributes",   "StartMessageMoveTask",  "TagQueue",    "UntagQueue",
};

static bool is_shared(const char *operation) {
    for (size_t i = 0; i < sizeof unshared / sizeof unshared[0]; i++)
        if (strcmp(unshared[i], operation) == 0)
            return false;
    return true;
}

/* Batches need the permission for one. The service shows actions in lower case. */
static void name_action(const struct api_call *call, char ret_action[ACTION_BYTES]) {
    snprintf(ret_action, ACTION_BYTES, "sqs:%s", call->match.operation->name);
    size_t len = strlen(ret_action);
    if (len > 5 && strcmp(ret_action + len - 5, "Batch") == 0)
        ret_action[len - 5] = '\0';
    for (char *at = ret_action; *at; at++)
        *at = (char)tolower((unsigned char)*at);
}

static bool has_member(const struct api_call *call, const char *name) {
    for (const struct constraint *member = call->match.operation->members; member->name; member++)
        if (strcmp(member->name, name) == 0)
            return true;
    return false;
}

/* A name that is none is for the operation to refuse. */
static void locate_by_name(const struct api_call *call, struct queue_location *ret_location) {
    OWN_MEM char *name = sqs_text(call, "QueueName");
    OWN_MEM char *owner = has_member(call, "QueueOwnerAWSAccountId")
                              ? sqs_text(call, "QueueOwnerAWSAccountId")
                              : NULL;
    snprintf(ret_location->account, sizeof ret_location->account, "%s",
             owner ? owner : call->caller->account);
    snprintf(ret_location->name, sizeof ret_location->name, "%s", name);
}

/* Of what is no queue of this region everything that follows says so. */
static void locate_by_arn(const struct api_call *call, struct queue_location *ret_location) {
    char arn[MOVE_ARN_BYTES] = "";
    char id[IDENT_UUID_BYTES];
    OWN_MEM char *text = sqs_text(call, has_member(call, "TaskHandle") ? "TaskHandle" : "SourceArn");
    if (has_member(call, "TaskHandle"))
        move_handle_read(text, id, arn);
    else
        snprintf(arn, sizeof arn, "%s", text);
    if (location_from_arn(arn, call->api->options.region, ret_location))
        return;
    memcpy(ret_location->account, call->caller->account, sizeof ret_location->account);
    snprintf(ret_location->name, sizeof ret_location->name, "*");
}

static bool locate(const struct api_call *call, struct queue_location *ret_location, struct err *err) {
    *ret_location = (struct queue_location){0};
    if (has_member(call, "QueueUrl"))
        return find_location(call, ret_location, err);
    if (has_member(call, "QueueName")) {
        locate_by_name(call, ret_location);
    } else if (has_member(call, "SourceArn") || has_member(call, "TaskHandle")) {
        locate_by_arn(call, ret_location);
    } else {
        memcpy(ret_location->account, call->caller->account, sizeof ret_location->account);
        snprintf(ret_location->name, sizeof ret_location->name, "*");
    }
    return true;
}

bool sqs_allows(const struct api_call *call, const char *action, const struct queue_location *location,
                struct err *err) {
    char arn[QUEUE_ARN_BYTES];
    location_arn(location, call->api->options.region, arn);
    const struct queue_definition *definition = definitions_find(call->api->sqs, location);
    const struct policy *policy = definition ? definition->policy : NULL;
    bool is_home = strcmp(location->account, call->caller->account) == 0;
    bool has_policy = policy && (is_home || is_shared(call->match.operation->name));
    const struct access_request request = {
        .principal = call->caller,
        .action = action,
        .resource = arn,
        .resource_account = location->account,
        .resource_policies = &policy,
        .resource_policy_count = has_policy ? 1 : 0,
        .call = call,
    };
    return access_check(call->api, &request, err);
}

bool sqs_authorize(struct api_call *call, struct err *err) {
    char action[ACTION_BYTES];
    struct queue_location location;
    name_action(call, action);
    return locate(call, &location, err) && sqs_allows(call, action, &location, err);
}

/* ---- changes ---- */

static bool prepare(struct edit *edit, struct err *err) {
    sqs_revise *const *revise = edit->state;
    const struct queue_definition *definition = sqs_queue(edit->call, err);
    if (!definition)
        return false;
    struct queue_document document = queue_document_copy(&definition->document);
    bool ok = (*revise)(edit, definition, &document, err) &&
              sqs_put(edit, &definition->location, &document, err);
    queue_document_done(&document);
    return ok;
}

static void committed(struct edit *edit) {
    struct queue_location location = {0};
    const struct record_key *key = &edit->steps[0].key;
    snprintf(location.account, sizeof location.account, "%s", key->account);
    snprintf(location.name, sizeof location.name, "%s", key->name);
    definitions_refresh(edit->call->api->sqs, &location);
}

static void finished(struct edit *edit) {
    free(edit->state);
}

void sqs_change(struct api_call *call, sqs_revise *revise) {
    static const struct edit_actions actions = {
        .prepare = prepare, .committed = committed, .finished = finished};
    edit_start(call, &call->api->sqs->turns, NULL, NULL, mem_copy(&revise, sizeof revise), &actions);
}

bool sqs_put(struct edit *edit, const struct queue_location *location, const struct queue_document *document,
             struct err *err) {
    OWN_MEM char *text = queue_document_encode(document);
    if (strlen(text) > QUEUE_DOCUMENT_BYTES)
        return err_set(err, ERR_LIMIT, "The attributes and tags of the queue have more than %u bytes.",
                       QUEUE_DOCUMENT_BYTES);
    const struct record_key key = definitions_record(location);
    edit_put(edit, &key, text);
    return true;
}

bool sqs_edit_done(struct edit *edit) {
    if (edit->call->speaks_xml)
        query_put_empty(edit_answer_raw(edit, EMPTY_ANSWER_BYTES), edit->call);
    return true;
}

void sqs_answer_done(struct api_call *call) {
    if (!call->speaks_xml) {
        call_answer_empty(call);
        return;
    }
    OWN(buf) struct buf body;
    buf_init(&body, EMPTY_ANSWER_BYTES);
    query_put_empty(&body, call);
    call_answer(call, &body);
}

void sqs_fail(struct api_call *call, const struct err *err) {
    struct err failure = *err;
    if (err->code == ERR_LIMIT)
        failure.code = ERR_THROTTLED;
    call_fail(call, &failure);
}
