/* See letter.h. */
#include "queue/letter.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"

#define MAX_TOKENS 64

void letter_done(struct letter *letter) {
    free(letter->to);
    free(letter->body);
    free(letter->function_arn);
    free(letter->request_id);
    free(letter->trace_id);
    free(letter->error_code);
    free(letter->error_message);
    *letter = (struct letter){0};
}

void letter_write(const struct letter *letter, struct buf *buf) {
    struct json_writer writer;
    json_writer_init(&writer, buf);
    json_open_object(&writer);
    json_put_member(&writer, "to", letter->to);
    json_put_member(&writer, "functionArn", letter->function_arn);
    json_put_member(&writer, "requestId", letter->request_id);
    json_put_member(&writer, "traceId", letter->trace_id);
    json_put_member(&writer, "errorCode", letter->error_code);
    json_put_member(&writer, "errorMessage", letter->error_message);
    json_key(&writer, "isSuccess");
    json_put_bool(&writer, letter->is_success);
    json_close_object(&writer);
}

static bool read_members(struct json_value root, struct letter *letter) {
    struct json_value success = json_member(root, "isSuccess");
    letter->to = json_string(json_member(root, "to"));
    letter->function_arn = json_string(json_member(root, "functionArn"));
    letter->request_id = json_string(json_member(root, "requestId"));
    letter->trace_id = json_string(json_member(root, "traceId"));
    letter->error_code = json_string(json_member(root, "errorCode"));
    letter->error_message = json_string(json_member(root, "errorMessage"));
    letter->is_success = json_is_present(success) && json_type_of(success) == JSON_TRUE;
    return letter->to && letter->function_arn && letter->request_id && letter->trace_id &&
           !letter->error_code == !letter->error_message;
}

bool letter_read(const char *attributes, size_t attributes_len, const char *body, size_t body_len,
                 struct letter *ret_letter, struct err *err) {
    struct letter letter = {0};
    struct json_doc doc = {0};
    bool ok = json_parse(&doc, attributes, attributes_len, MAX_TOKENS, NULL) &&
              read_members(json_root(&doc), &letter);
    json_doc_done(&doc);
    if (!ok) {
        letter_done(&letter);
        return err_set(err, ERR_CORRUPT, "a letter in the queue has unreadable attributes");
    }
    letter.body = mem_copy_text(body, body_len);
    letter.body_len = body_len;
    *ret_letter = letter;
    return true;
}
