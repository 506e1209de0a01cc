/* Requests to queues from strangers: any bytes as the form or the JSON of any operation of SQS. Whatever they
 * are, they are read or refused with a reason; a form that is read becomes valid JSON; what is kept of
 * attributes is read again as it was.
 *
 * Input: one byte for the operation, one for the protocol, then the body. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/input.h"
#include "api/services.h"
#include "base/limits.h"
#include "base/mem.h"
#include "model/sqs/members.h"
#include "model/sqs/message_attributes.h"
#include "model/sqs/queue_attributes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message_attributes(struct json_value map) {
    struct message_attributes attributes = {0};
    struct message_attributes again = {0};
    struct json_writer writer;
    struct json_doc doc;
    char md5[2][DIGEST_MD5_HEX_BYTES];
    OWN(buf) struct buf kept;
    buf_init(&kept, LIMIT_QUEUE_REQUEST_BYTES * 2);
    if (message_attributes_read(&attributes, map, NULL)) {
        json_writer_init(&writer, &kept);
        message_attributes_write(&attributes, &writer);
        bool is_valid = json_parse(&doc, kept.data, kept.len, 1000, NULL);
        assert(is_valid);
        bool is_read = message_attributes_read(&again, json_root(&doc), NULL);
        assert(is_read);
        message_attributes_md5(&attributes, md5[0]);
        message_attributes_md5(&again, md5[1]);
        assert(strcmp(md5[0], md5[1]) == 0);
        message_attributes_filter(&again, json_root(&doc));
        message_attributes_done(&again);
        json_doc_done(&doc);
    }
    message_attributes_done(&attributes);
}

static void check_queue_attributes(struct json_value map) {
    struct queue_attributes attributes = {0};
    enum queue_attribute attribute;
    struct err err;
    if (queue_attributes_create(&attributes, map, &err))
        for (size_t i = 0; i < QUEUE_ATTRIBUTE_COUNT; i++)
            queue_attributes_text(&attributes, (enum queue_attribute)i);
    else
        assert(err.text[0]);
    queue_attributes_differ(&attributes, map, &attribute);
    queue_attributes_done(&attributes);
}

/* A member that the operation has: of others nothing was checked, and nobody reads them. */
static struct json_value member_of(const struct input *input, const char *name) {
    for (const struct constraint *member = input->members; member->name; member++)
        if (strcmp(member->name, name) == 0)
            return input_member(input, name);
    return (struct json_value){0};
}

static void check_request(const struct input *input) {
    struct json_value entry;
    check_message_attributes(member_of(input, "MessageAttributes"));
    check_queue_attributes(member_of(input, "Attributes"));
    if (input->members == sqs_send_message_batch_members)
        for (uint32_t cursor = 0; json_each(member_of(input, "Entries"), &cursor, NULL, &entry);)
            check_message_attributes(json_member(entry, "MessageAttributes"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    struct input input = {0};
    input.members = sqs_service.operations[data[0] % *sqs_service.operation_count].members;
    struct err err = {.text = ""};
    char *body = mem_copy_text((const char *)data + 2, size - 2);
    if (data[1] % 2) {
        input.form = body;
        input.form_len = size - 2;
    } else {
        input.body = body;
        input.body_len = size - 2;
    }
    if (sqs_service.check(&input, &err))
        check_request(&input);
    else
        assert(err.text[0]);
    input_done(&input);
    return 0;
}
