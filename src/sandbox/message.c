/* See message.h. */
#include "sandbox/message.h"

#include <string.h>

#define TEXT_BYTES 4096

struct message_head message_head(enum message_type type) {
    return (struct message_head){.version = MESSAGE_VERSION, .type = type};
}

bool message_parse(const void *data, size_t len, struct message *ret_message, struct err *err) {
    struct message_head head;
    if (len < sizeof head || len > MESSAGE_MAX_BYTES)
        return err_set(err, ERR_SYNTAX, "a packet of %zu bytes", len);
    memcpy(&head, data, sizeof head);
    if (head.version != MESSAGE_VERSION)
        return err_set(err, ERR_UNSUPPORTED,
                       "lamb and lamb-spawner are of different builds (%u and %u): install both anew",
                       MESSAGE_VERSION, head.version);
    if (head.type < MESSAGE_CLAIM || head.type > MESSAGE_ENDED)
        return err_set(err, ERR_SYNTAX, "a packet of unknown type %u", head.type);
    size_t body_len = len - sizeof head;
    if (head.type == MESSAGE_ENDED && body_len != sizeof(struct sandbox_end))
        return err_set(err, ERR_SYNTAX, "a packet of type %u with %zu bytes", head.type, body_len);
    *ret_message = (struct message){
        .type = (enum message_type)head.type,
        .id = head.id,
        .value = head.value,
        .errnum = (int)head.errnum,
        .body = (const char *)data + sizeof head,
        .body_len = body_len,
    };
    return true;
}

bool message_send_text(int sock, const struct message_head *head, const char *text, struct err *err) {
    char packet[sizeof *head + TEXT_BYTES];
    size_t text_len = strnlen(text, TEXT_BYTES);
    memcpy(packet, head, sizeof *head);
    memcpy(packet + sizeof *head, text, text_len);
    return fd_send(sock, packet, sizeof *head + text_len, NULL, 0, err);
}

bool message_send_failure(int sock, enum message_type type, uint64_t id, const struct err *failure,
                          struct err *err) {
    struct message_head head = message_head(type);
    head.id = id;
    head.value = failure->code;
    head.errnum = (uint32_t)failure->errnum;
    return message_send_text(sock, &head, failure->text, err);
}

void message_read_failure(const struct message *message, struct err *ret_failure) {
    enum err_code code = message->value > ERR_NONE && message->value <= ERR_INTERNAL
                             ? (enum err_code)message->value
                             : ERR_INTERNAL;
    err_set(ret_failure, code, "%.*s", (int)message->body_len, (const char *)message->body);
    ret_failure->errnum = message->errnum;
}

bool message_send_end(int sock, uint64_t id, const struct sandbox_end *end, struct err *err) {
    struct message_head head = message_head(MESSAGE_ENDED);
    head.id = id;
    char packet[sizeof head + sizeof *end];
    memcpy(packet, &head, sizeof head);
    memcpy(packet + sizeof head, end, sizeof *end);
    return fd_send(sock, packet, sizeof packet, NULL, 0, err);
}

struct sandbox_end message_read_end(const struct message *message) {
    struct sandbox_end end;
    memcpy(&end, message->body, sizeof end);
    return end;
}
