/* See courier_request.h. */
#include "queue/courier_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ident.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"

/* A letter as a string within a string: each byte may become six; in a form three. */
#define BODY_BYTES (6u * LIMIT_EVENT_BYTES + 65536)

static const char *const names[COURIER_SERVICES] = {
    [COURIER_SQS] = "sqs", [COURIER_SNS] = "sns", [COURIER_EVENTS] = "events", [COURIER_S3] = "s3"};

const char *courier_service_name(enum courier_service service) {
    return names[service];
}

/* Fields of an ARN between colons; the last one is all the rest. */
enum { ARN_SERVICE = 2, ARN_REGION, ARN_ACCOUNT, ARN_RESOURCE };

struct field {
    const char *text;
    size_t len;
};

static struct field arn_field(const char *arn, int index) {
    const char *at = arn;
    for (int i = 0; i < index && at; i++) {
        at = strchr(at, ':');
        at = at ? at + 1 : NULL;
    }
    if (!at)
        return (struct field){"", 0};
    return (struct field){at, index == ARN_RESOURCE ? strlen(at) : strcspn(at, ":")};
}

bool courier_service_of(const char *arn, enum courier_service *ret_service) {
    struct field name = arn_field(arn, ARN_SERVICE);
    for (int i = 0; i < COURIER_SERVICES; i++)
        if (strlen(names[i]) == name.len && memcmp(names[i], name.text, name.len) == 0) {
            *ret_service = (enum courier_service)i;
            return true;
        }
    return false;
}

/* ---- SQS and SNS ---- */

/* What a dead letter says beside its event. */
struct attribute {
    const char *name;
    const char *type;
    const char *value;
};

static size_t attributes_of(const struct letter *letter, struct attribute ret_attributes[3]) {
    if (!letter_is_dead(letter))
        return 0;
    ret_attributes[0] = (struct attribute){"RequestID", "String", letter->request_id};
    ret_attributes[1] = (struct attribute){"ErrorCode", "Number", letter->error_code};
    ret_attributes[2] = (struct attribute){"ErrorMessage", "String", letter->error_message};
    return 3;
}

static void write_attribute(struct json_writer *writer, const struct attribute *attribute) {
    json_key(writer, attribute->name);
    json_open_object(writer);
    json_put_member(writer, "DataType", attribute->type);
    json_put_member(writer, "StringValue", attribute->value);
    json_close_object(writer);
}

static void write_sqs(struct courier_request *request, const struct letter *letter, const char *endpoint) {
    struct field account = arn_field(letter->to, ARN_ACCOUNT);
    struct field name = arn_field(letter->to, ARN_RESOURCE);
    const struct attribute trace = {"AWSTraceHeader", "String", letter->trace_id};
    struct attribute attributes[3];
    size_t count = attributes_of(letter, attributes);
    OWN_MEM char *queue_url = mem_format("%s/%.*s/%s", endpoint, (int)account.len, account.text, name.text);
    struct json_writer writer;
    json_writer_init(&writer, &request->body);
    json_open_object(&writer);
    json_put_member(&writer, "QueueUrl", queue_url);
    json_key(&writer, "MessageBody");
    json_put_string_bytes(&writer, letter->body, letter->body_len);
    json_key(&writer, "MessageAttributes");
    json_open_object(&writer);
    for (size_t i = 0; i < count; i++)
        write_attribute(&writer, &attributes[i]);
    json_close_object(&writer);
    json_key(&writer, "MessageSystemAttributes");
    json_open_object(&writer);
    write_attribute(&writer, &trace);
    json_close_object(&writer);
    json_close_object(&writer);
    request->url = mem_format("%s/", endpoint);
    request->content_type = "application/x-amz-json-1.0";
    request->target = "AmazonSQS.SendMessage";
}

/* Percent-encoded as forms are. */
static void append_encoded(struct buf *form, const char *text, size_t len) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        bool is_plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= 'a' && byte <= 'z') || (byte && strchr("-_.~", byte));
        const char escaped[] = {'%', digits[byte >> 4], digits[byte & 15]};
        buf_append(form, is_plain ? &text[i] : escaped, is_plain ? 1 : 3);
    }
}

static void append_parameter(struct buf *form, const char *name, const char *value, size_t len) {
    buf_append_format(form, "&%s=", name);
    append_encoded(form, value, len);
}

static void write_sns(struct courier_request *request, const struct letter *letter, const char *endpoint) {
    struct buf *form = &request->body;
    struct attribute attributes[3];
    size_t count = attributes_of(letter, attributes);
    buf_append_text(form, "Action=Publish&Version=2010-03-31");
    append_parameter(form, "TopicArn", letter->to, strlen(letter->to));
    append_parameter(form, "Message", letter->body, letter->body_len);
    for (size_t i = 0; i < count; i++) {
        const char *const parts[][2] = {{"Name", attributes[i].name},
                                        {"Value.DataType", attributes[i].type},
                                        {"Value.StringValue", attributes[i].value}};
        for (size_t j = 0; j < sizeof parts / sizeof parts[0]; j++) {
            char name[64];
            snprintf(name, sizeof name, "MessageAttributes.entry.%zu.%s", i + 1, parts[j][0]);
            append_parameter(form, name, parts[j][1], strlen(parts[j][1]));
        }
    }
    request->url = mem_format("%s/", endpoint);
    request->content_type = "application/x-www-form-urlencoded; charset=utf-8";
}

/* ---- EventBridge and S3 ---- */

static void write_events(struct courier_request *request, const struct letter *letter, const char *endpoint) {
    struct json_writer writer;
    json_writer_init(&writer, &request->body);
    json_open_object(&writer);
    json_key(&writer, "Entries");
    json_open_array(&writer);
    json_open_object(&writer);
    json_put_member(&writer, "Source", "lambda");
    json_key(&writer, "Resources");
    json_open_array(&writer);
    json_put_string(&writer, letter->to);
    json_put_string(&writer, letter->function_arn);
    json_close_array(&writer);
    json_put_member(&writer, "DetailType",
                    letter->is_success ? "Lambda Function Invocation Result - Success"
                                       : "Lambda Function Invocation Result - Failure");
    json_key(&writer, "Detail");
    json_put_string_bytes(&writer, letter->body, letter->body_len);
    json_put_member(&writer, "EventBusName", letter->to);
    json_put_member(&writer, "TraceHeader", letter->trace_id);
    json_close_object(&writer);
    json_close_array(&writer);
    json_close_object(&writer);
    request->url = mem_format("%s/", endpoint);
    request->content_type = "application/x-amz-json-1.1";
    request->target = "AWSEvents.PutEvents";
}

/* "aws/lambda/async/<function>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<uuid>". */
static void write_s3(struct courier_request *request, const struct letter *letter, const char *endpoint,
                     int64_t now_us) {
    static const char before[] = ":function:";
    const char *name = strstr(letter->function_arn, before);
    name = name ? name + strlen(before) : "";
    char day[CLOCK_TEXT_BYTES], moment[CLOCK_TEXT_BYTES], id[IDENT_UUID_BYTES];
    clock_format_iso(now_us, moment);
    moment[19] = '\0';
    snprintf(day, sizeof day, "%.4s/%.2s/%.2s", moment, moment + 5, moment + 8);
    moment[13] = moment[16] = '.';
    ident_uuid(id);
    request->url = mem_format("%s/%s/aws/lambda/async/%.*s/%s/%s-%s", endpoint,
                              arn_field(letter->to, ARN_RESOURCE).text, (int)strcspn(name, ":"), name, day,
                              moment, id);
    request->method = "PUT";
    request->content_type = "application/json";
}

/* ---- all ---- */

void courier_request_init(struct courier_request *request, const struct letter *letter, const char *endpoint,
                          const char *region, int64_t now_us) {
    *request = (struct courier_request){.method = "POST"};
    buf_init(&request->body, BODY_BYTES);
    courier_service_of(letter->to, &request->service);
    struct field own = arn_field(letter->to, ARN_REGION);
    snprintf(request->region, sizeof request->region, "%.*s", own.len ? (int)own.len : (int)strlen(region),
             own.len ? own.text : region);
    switch (request->service) {
    case COURIER_SQS: write_sqs(request, letter, endpoint); break;
    case COURIER_SNS: write_sns(request, letter, endpoint); break;
    case COURIER_EVENTS: write_events(request, letter, endpoint); break;
    case COURIER_S3: write_s3(request, letter, endpoint, now_us); break;
    case COURIER_SERVICES: break;
    }
}

void courier_request_done(struct courier_request *request) {
    free(request->url);
    buf_done(&request->body);
}

/* PutEvents succeeds as a whole even if it took nothing. */
static bool has_failed_entries(const struct buf *answer) {
    struct json_doc doc = {0};
    int64_t failed = 0;
    if (json_parse(&doc, answer->data, answer->len, 64, NULL))
        json_integer(json_member(json_root(&doc), "FailedEntryCount"), &failed);
    json_doc_done(&doc);
    return failed > 0;
}

bool courier_request_check(const struct courier_request *request, int status, const struct buf *answer,
                           struct err *err) {
    bool is_fine = status >= 200 && status < 300;
    if (is_fine && !(request->service == COURIER_EVENTS && answer->len && has_failed_entries(answer)))
        return true;
    return err_set(err, ERR_IO, "%s answered %d: %.*s", request->url, status,
                   answer->len < 400 ? (int)answer->len : 400, answer->len ? answer->data : "");
}
