/* See answer.h. Names in XML: the service model of the query protocol. */
#include "api/sqs/answer.h"

#include "api/query.h"
#include "api/xml.h"

void answer_begin(struct answer *answer, struct buf *buf, const struct api_call *call) {
    *answer = (struct answer){.buf = buf, .call = call, .is_xml = call->speaks_xml};
    json_writer_init(&answer->json, buf);
    if (answer->is_xml)
        query_open(buf, call);
    else
        json_open_object(&answer->json);
}

void answer_end(struct answer *answer) {
    if (answer->is_xml)
        query_close(answer->buf, answer->call);
    else
        json_close_object(&answer->json);
}

void answer_text(struct answer *answer, const char *name, const char *text) {
    if (answer->is_xml)
        xml_put(answer->buf, name, text);
    else
        json_put_member(&answer->json, name, text);
}

void answer_integer(struct answer *answer, const char *name, int64_t number) {
    if (answer->is_xml)
        xml_put_integer(answer->buf, name, number);
    else
        json_put_member_integer(&answer->json, name, number);
}

void answer_bool(struct answer *answer, const char *name, bool value) {
    if (answer->is_xml) {
        xml_put_bool(answer->buf, name, value);
    } else {
        json_key(&answer->json, name);
        json_put_bool(&answer->json, value);
    }
}

void answer_open_list(struct answer *answer, const char *name) {
    if (answer->is_xml)
        return;
    json_key(&answer->json, name);
    json_open_array(&answer->json);
}

void answer_close_list(struct answer *answer) {
    if (!answer->is_xml)
        json_close_array(&answer->json);
}

void answer_open_item(struct answer *answer, const char *element) {
    if (answer->is_xml)
        xml_open(answer->buf, element);
    else
        json_open_object(&answer->json);
}

void answer_close_item(struct answer *answer, const char *element) {
    if (answer->is_xml)
        xml_close(answer->buf, element);
    else
        json_close_object(&answer->json);
}

void answer_text_item(struct answer *answer, const char *element, const char *text) {
    if (answer->is_xml)
        xml_put(answer->buf, element, text);
    else
        json_put_string(&answer->json, text);
}

void answer_open_map(struct answer *answer, const char *name) {
    if (answer->is_xml)
        return;
    json_key(&answer->json, name);
    json_open_object(&answer->json);
}

void answer_close_map(struct answer *answer) {
    if (!answer->is_xml)
        json_close_object(&answer->json);
}

void answer_entry(struct answer *answer, const char *element, const char *key_name, const char *key,
                  const char *value) {
    if (!answer->is_xml) {
        json_put_member(&answer->json, key, value);
        return;
    }
    xml_open(answer->buf, element);
    xml_put(answer->buf, key_name, key);
    xml_put(answer->buf, "Value", value);
    xml_close(answer->buf, element);
}

void answer_open_entry(struct answer *answer, const char *element, const char *key) {
    if (answer->is_xml) {
        xml_open(answer->buf, element);
        xml_put(answer->buf, "Name", key);
        xml_open(answer->buf, "Value");
    } else {
        json_key(&answer->json, key);
        json_open_object(&answer->json);
    }
}

void answer_close_entry(struct answer *answer, const char *element) {
    if (answer->is_xml) {
        xml_close(answer->buf, "Value");
        xml_close(answer->buf, element);
    } else {
        json_close_object(&answer->json);
    }
}
