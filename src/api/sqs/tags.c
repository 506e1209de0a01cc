/* TagQueue, UntagQueue, ListQueueTags. */
#include "api/sqs/answer.h"
#include "api/sqs/handlers.h"
#include "api/sqs/request.h"
#include "base/mem.h"

static bool add_tags(struct edit *edit, const struct queue_definition *definition,
                     struct queue_document *document, struct err *err) {
    (void)definition;
    struct json_value map = input_member(&edit->call->input, "Tags");
    return sqs_check_tags(map, err) && tags_add(&document->tags, map, err) && sqs_edit_done(edit);
}

void sqs_tag_queue(struct api_call *call) {
    sqs_change(call, add_tags);
}

static bool remove_tags(struct edit *edit, const struct queue_definition *definition,
                        struct queue_document *document, struct err *err) {
    (void)definition;
    (void)err;
    struct json_value key;
    for (uint32_t cursor = 0; json_each(input_member(&edit->call->input, "TagKeys"), &cursor, NULL, &key);) {
        OWN_MEM char *text = json_string(key);
        if (text)
            tags_remove(&document->tags, text);
    }
    return sqs_edit_done(edit);
}

void sqs_untag_queue(struct api_call *call) {
    sqs_change(call, remove_tags);
}

void sqs_list_queue_tags(struct api_call *call) {
    struct err err;
    const struct queue_definition *definition = sqs_queue(call, &err);
    if (!definition) {
        call_fail(call, &err);
        return;
    }
    OWN(buf) struct buf body;
    buf_init(&body, ANSWER_BYTES);
    struct answer answer;
    answer_begin(&answer, &body, call);
    answer_open_map(&answer, "Tags");
    for (size_t i = 0; i < definition->document.tags.count; i++)
        answer_entry(&answer, "Tag", "Key", definition->document.tags.items[i].key,
                     definition->document.tags.items[i].value);
    answer_close_map(&answer);
    answer_end(&answer);
    call_answer(call, &body);
}
