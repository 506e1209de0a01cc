/* See redrive.h. */
#include "model/sqs/redrive.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"

#define MAX_RECEIVES 1000 /* SQS Developer Guide, dead-letter queues */
#define MAX_TOKENS 64

static bool refuse(const char *text, const char *parameter, const char *reason, struct err *err) {
    return err_set(err, ERR_PARAMETER, "Value %s for parameter %s is invalid. Reason: %s", text, parameter,
                   reason);
}

static bool parse_object(const char *text, const char *parameter, const char *reason,
                         struct json_doc *ret_doc, struct err *err) {
    if (!json_parse(ret_doc, text, strlen(text), MAX_TOKENS, NULL))
        return refuse(text, parameter, reason, err);
    if (json_type_of(json_root(ret_doc)) == JSON_OBJECT)
        return true;
    json_doc_done(ret_doc);
    return refuse(text, parameter, reason, err);
}

/* Clients send the number as one or as a text. */
static bool read_count(struct json_value value, int64_t *ret_count) {
    if (json_integer(value, ret_count))
        return true;
    OWN_MEM char *text = json_string(value);
    char *end = NULL;
    if (!text || text[0] == '\0')
        return false;
    *ret_count = strtoll(text, &end, 10);
    return *end == '\0';
}

static bool read_redrive(const char *text, struct json_value object, struct redrive *redrive,
                         struct err *err) {
    static const char parameter[] = "RedrivePolicy";
    struct json_value target = json_member(object, "deadLetterTargetArn");
    struct json_value count = json_member(object, "maxReceiveCount");
    int64_t receives;
    if (!json_is_present(target))
        return refuse(text, parameter,
                      "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.", err);
    if (!json_is_present(count))
        return refuse(text, parameter,
                      "Redrive policy does not contain mandatory attribute: maxReceiveCount.", err);
    OWN_MEM char *arn = json_string(target);
    if (!arn || strncmp(arn, "arn:aws:sqs:", 12) != 0 || strlen(arn) >= sizeof redrive->target_arn)
        return refuse(text, parameter, "Invalid value for deadLetterTargetArn.", err);
    if (!read_count(count, &receives) || receives < 1 || receives > MAX_RECEIVES) {
        OWN_MEM char *reason = mem_format(
            "Invalid value for maxReceiveCount. Valid values are from 1 to %d both inclusive.", MAX_RECEIVES);
        return refuse(text, parameter, reason, err);
    }
    memcpy(redrive->target_arn, arn, strlen(arn) + 1);
    redrive->max_receives = (int)receives;
    return true;
}

bool redrive_parse(const char *text, struct redrive *ret_redrive, struct err *err) {
    struct json_doc doc;
    if (!parse_object(text, "RedrivePolicy", "Redrive policy is not a valid JSON map.", &doc, err))
        return false;
    struct redrive redrive;
    bool ok = read_redrive(text, json_root(&doc), &redrive, err);
    if (ok)
        *ret_redrive = redrive;
    json_doc_done(&doc);
    return ok;
}

/* ---- which queues may have this one as their dead letter queue ---- */

static bool check_allow(const char *text, struct json_value object, struct err *err) {
    static const char parameter[] = "RedriveAllowPolicy";
    struct json_value permission = json_member(object, "redrivePermission");
    struct json_value arns = json_member(object, "sourceQueueArns");
    bool is_by_queue = json_string_is(permission, "byQueue");
    if (!is_by_queue && !json_string_is(permission, "allowAll") && !json_string_is(permission, "denyAll"))
        return refuse(text, parameter, "redrivePermission must be one of allowAll, denyAll and byQueue.",
                      err);
    if (is_by_queue != json_is_present(arns))
        return refuse(text, parameter,
                      "sourceQueueArns must be given with the redrivePermission byQueue, and with no other.",
                      err);
    if (!is_by_queue)
        return true;
    bool is_list = json_type_of(arns) == JSON_ARRAY && json_size(arns) >= 1 &&
                   json_size(arns) <= REDRIVE_MAX_SOURCES;
    struct json_value arn;
    for (uint32_t cursor = 0; is_list && json_each(arns, &cursor, NULL, &arn);)
        is_list = json_type_of(arn) == JSON_STRING;
    return is_list || refuse(text, parameter, "sourceQueueArns must be a list of 1 to 10 ARNs.", err);
}

bool redrive_allow_check(const char *text, struct err *err) {
    struct json_doc doc;
    if (!parse_object(text, "RedriveAllowPolicy", "It is not a valid JSON map.", &doc, err))
        return false;
    bool ok = check_allow(text, json_root(&doc), err);
    json_doc_done(&doc);
    return ok;
}

static bool has_item(struct json_value list, const char *text) {
    struct json_value item;
    for (uint32_t cursor = 0; json_each(list, &cursor, NULL, &item);)
        if (json_string_is(item, text))
            return true;
    return false;
}

bool redrive_allows(const char *allow_policy, const char *source_arn) {
    struct json_doc doc;
    if (!allow_policy)
        return true;
    if (!json_parse(&doc, allow_policy, strlen(allow_policy), MAX_TOKENS, NULL))
        return false;
    struct json_value object = json_root(&doc);
    bool allows = json_string_is(json_member(object, "redrivePermission"), "allowAll") ||
                  has_item(json_member(object, "sourceQueueArns"), source_arn);
    json_doc_done(&doc);
    return allows;
}
