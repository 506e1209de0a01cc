/* See move_handle.h. */
#include "api/sqs/move_handle.h"

#include <string.h>

#include "base/digest.h"
#include "base/mem.h"

#define HANDLE_BYTES 1024
#define HANDLE_TOKENS 8

char *move_handle_write(const char *id, const char *source_arn) {
    OWN_MEM char *text = mem_format("{\"taskId\":\"%s\",\"sourceArn\":\"%s\"}", id, source_arn);
    char *handle = mem_alloc(digest_base64_encoded_bytes(strlen(text)));
    digest_base64_encode(text, strlen(text), handle);
    return handle;
}

static bool copy_text(struct json_value value, char *space, size_t size) {
    OWN_MEM char *text = json_string(value);
    if (!text || strlen(text) >= size)
        return false;
    memcpy(space, text, strlen(text) + 1);
    return true;
}

bool move_handle_read(const char *handle, char ret_id[IDENT_UUID_BYTES], char ret_arn[MOVE_ARN_BYTES]) {
    char text[HANDLE_BYTES];
    size_t len = strlen(handle);
    struct json_doc doc;
    ret_id[0] = ret_arn[0] = '\0';
    if (digest_base64_decoded_bytes(len) > sizeof text || !digest_base64_decode(handle, len, text, &len) ||
        !json_parse(&doc, text, len, HANDLE_TOKENS, NULL))
        return false;
    bool ok = copy_text(json_member(json_root(&doc), "taskId"), ret_id, IDENT_UUID_BYTES) &&
              copy_text(json_member(json_root(&doc), "sourceArn"), ret_arn, MOVE_ARN_BYTES);
    json_doc_done(&doc);
    if (!ok)
        ret_id[0] = ret_arn[0] = '\0';
    return ok;
}
