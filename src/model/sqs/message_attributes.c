/* See message_attributes.h. */
#include "model/sqs/message_attributes.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/utf8.h"

static void attribute_done(struct message_attribute *attribute) {
    free(attribute->name);
    free(attribute->type);
    free(attribute->value);
}

void message_attributes_done(struct message_attributes *attributes) {
    for (size_t i = 0; i < attributes->count; i++)
        attribute_done(&attributes->items[i]);
    attributes->count = 0;
}

bool message_text_is_valid(const char *text, size_t len) {
    for (size_t at = 0; at < len;) {
        unsigned char byte = (unsigned char)text[at];
        if (byte < 0x80) {
            if (byte < ' ' && byte != '\t' && byte != '\n' && byte != '\r')
                return false;
            at++;
            continue;
        }
        size_t size = utf8_sequence(text + at, len - at);
        if (size == 0 || (size == 3 && utf8_decode(text + at, size) >= 0xfffe))
            return false;
        at += size;
    }
    return true;
}

/* ---- reading ---- */

static bool check_name(const char *name, struct err *err) {
    size_t len = strlen(name);
    for (const char *at = name; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr("_-.", *at))
            return err_set(err, ERR_PARAMETER,
                           "The message attribute name '%.300s' is invalid. Attribute name can contain A-Z, "
                           "a-z, 0-9, underscore (_), hyphen (-), and period (.) characters.",
                           name);
    if (len == 0 || len > LIMIT_MESSAGE_ATTRIBUTE_CHARS)
        return err_set(err, ERR_PARAMETER,
                       "The length of the message attribute name '%.300s' must be between 1 and %d "
                       "characters.",
                       name, LIMIT_MESSAGE_ATTRIBUTE_CHARS);
    if (name[0] == '.' || name[len - 1] == '.' || strstr(name, ".."))
        return err_set(err, ERR_PARAMETER,
                       "The message attribute name '%s' is invalid. Attribute name must not start or end "
                       "with a period and must not have periods in succession.",
                       name);
    if (strncasecmp(name, "AWS.", 4) == 0 || strncasecmp(name, "Amazon.", 7) == 0)
        return err_set(err, ERR_PARAMETER,
                       "The message attribute name '%s' is invalid. It must not start with a reserved "
                       "prefix: AWS. or Amazon.",
                       name);
    return true;
}

static bool is_of_kind(const char *type, const char *kind) {
    size_t len = strlen(kind);
    return strncmp(type, kind, len) == 0 && (type[len] == '\0' || type[len] == '.');
}

static bool check_type(const char *name, const char *type, struct err *err) {
    if (!type || type[0] == '\0')
        return err_set(err, ERR_PARAMETER,
                       "The message attribute '%s' must contain non-empty message attribute type.", name);
    if (strlen(type) > LIMIT_MESSAGE_ATTRIBUTE_CHARS)
        return err_set(err, ERR_PARAMETER,
                       "The length of the type of message attribute '%s' must be at most %d characters.",
                       name, LIMIT_MESSAGE_ATTRIBUTE_CHARS);
    if (!message_text_is_valid(type, strlen(type)))
        return err_set(err, ERR_CONTENTS, MESSAGE_TEXT_RULE);
    return is_of_kind(type, "String") || is_of_kind(type, "Number") || is_of_kind(type, "Binary") ||
           err_set(err, ERR_PARAMETER,
                   "The type of message (user) attribute '%s' is invalid. You must use only the following "
                   "supported type prefixes: Binary, Number, String.",
                   name);
}

static bool is_decimal(const char *text) {
    char *end;
    if (!isdigit((unsigned char)text[0]) && !strchr("+-.", text[0]))
        return false;
    strtod(text, &end);
    return *end == '\0' && strspn(text, "0123456789+-.eE") == strlen(text);
}

static bool refuse_empty(const char *name, const char *type, struct err *err) {
    return err_set(err, ERR_PARAMETER,
                   "Message (user) attribute '%s' must contain a non-empty value of type '%s'.", name, type);
}

static bool read_text(struct message_attribute *attribute, struct json_value object, struct err *err) {
    attribute->value = json_string(json_member(object, "StringValue"));
    if (!attribute->value || attribute->value[0] == '\0')
        return refuse_empty(attribute->name, is_of_kind(attribute->type, "Number") ? "Number" : "String",
                            err);
    attribute->value_len = strlen(attribute->value);
    if (!message_text_is_valid(attribute->value, attribute->value_len))
        return err_set(err, ERR_CONTENTS, MESSAGE_TEXT_RULE);
    return !is_of_kind(attribute->type, "Number") || is_decimal(attribute->value) ||
           err_set(err, ERR_PARAMETER, "Can't cast the value of message (user) attribute '%s' to a number.",
                   attribute->name);
}

static bool read_bytes(struct message_attribute *attribute, struct json_value object, struct err *err) {
    OWN_MEM char *text = json_string(json_member(object, "BinaryValue"));
    size_t len = text ? strlen(text) : 0;
    if (len == 0)
        return refuse_empty(attribute->name, "Binary", err);
    attribute->value = mem_alloc(digest_base64_decoded_bytes(len) + 1);
    attribute->is_binary = true;
    return digest_base64_decode(text, len, attribute->value, &attribute->value_len) ||
           err_set(err, ERR_SYNTAX, "The BinaryValue of message attribute '%s' is not base64.",
                   attribute->name);
}

static bool read_attribute(struct message_attribute *attribute, struct json_value key,
                           struct json_value object, struct err *err) {
    attribute->name = json_string(key);
    attribute->type = json_string(json_member(object, "DataType"));
    if (!check_name(attribute->name, err) || !check_type(attribute->name, attribute->type, err))
        return false;
    if (json_size(json_member(object, "StringListValues")) > 0 ||
        json_size(json_member(object, "BinaryListValues")) > 0)
        return err_set(err, ERR_UNSUPPORTED,
                       "Message attribute list values in SendMessage operation are not supported.");
    return is_of_kind(attribute->type, "Binary") ? read_bytes(attribute, object, err)
                                                 : read_text(attribute, object, err);
}

static int compare(const void *a, const void *b) {
    const struct message_attribute *left = a;
    const struct message_attribute *right = b;
    return strcmp(left->name, right->name);
}

/* The last one of a name counts, as in every object. */
static bool read_all(struct message_attributes *attributes, struct json_value map, struct err *err) {
    struct json_value key, object;
    for (uint32_t cursor = 0; json_each(map, &cursor, &key, &object);) {
        struct message_attribute *attribute = &attributes->items[attributes->count];
        *attribute = (struct message_attribute){0};
        attributes->count++;
        if (!read_attribute(attribute, key, object, err))
            return false;
    }
    qsort(attributes->items, attributes->count, sizeof attributes->items[0], compare);
    for (size_t i = 1; i < attributes->count; i++)
        if (strcmp(attributes->items[i - 1].name, attributes->items[i].name) == 0)
            return err_set(err, ERR_PARAMETER, "Message (user) attribute name '%s' appears more than once.",
                           attributes->items[i].name);
    return true;
}

bool message_attributes_read(struct message_attributes *attributes, struct json_value map, struct err *err) {
    uint32_t count = json_size(map);
    if (count > LIMIT_MESSAGE_ATTRIBUTES)
        return err_set(err, ERR_PARAMETER,
                       "Number of message attributes [%u] exceeds the allowed maximum [%d].", count,
                       LIMIT_MESSAGE_ATTRIBUTES);
    return read_all(attributes, map, err);
}

bool message_attributes_read_system(struct message_attributes *attributes, struct json_value map,
                                    struct err *err) {
    struct json_value key, object;
    for (uint32_t cursor = 0; json_each(map, &cursor, &key, &object);)
        if (!json_string_is(key, "AWSTraceHeader"))
            return err_set(err, ERR_PARAMETER,
                           "Message system attributes can be AWSTraceHeader alone; this request has another "
                           "one.");
    if (json_size(map) > 1)
        return err_set(err, ERR_PARAMETER, "Message system attribute AWSTraceHeader appears more than once.");
    if (!read_all(attributes, map, err))
        return false;
    return attributes->count == 0 || strcmp(attributes->items[0].type, "String") == 0 ||
           err_set(err, ERR_PARAMETER,
                   "The message system attribute 'AWSTraceHeader' must be of the type String.");
}

/* ---- what becomes of them ---- */

char *message_attribute_base64(const struct message_attribute *attribute) {
    char *text = mem_alloc(digest_base64_encoded_bytes(attribute->value_len));
    digest_base64_encode(attribute->value, attribute->value_len, text);
    return text;
}

static void write_one(const struct message_attribute *attribute, struct json_writer *json) {
    OWN_MEM char *base64 = attribute->is_binary ? message_attribute_base64(attribute) : NULL;
    json_key(json, attribute->name);
    json_open_object(json);
    json_put_member(json, "StringValue", base64 ? NULL : attribute->value);
    json_put_member(json, "BinaryValue", base64);
    json_put_member(json, "DataType", attribute->type);
    json_close_object(json);
}

void message_attributes_write(const struct message_attributes *attributes, struct json_writer *json) {
    json_open_object(json);
    for (size_t i = 0; i < attributes->count; i++)
        write_one(&attributes->items[i], json);
    json_close_object(json);
}

size_t message_attributes_bytes(const struct message_attributes *attributes) {
    size_t bytes = 0;
    for (size_t i = 0; i < attributes->count; i++) {
        const struct message_attribute *attribute = &attributes->items[i];
        bytes += strlen(attribute->name) + strlen(attribute->type) + attribute->value_len;
    }
    return bytes;
}

static void put_sized(struct buf *buf, const void *data, size_t len) {
    uint32_t size = htonl((uint32_t)len);
    buf_append(buf, &size, sizeof size);
    buf_append(buf, data, len);
}

/* Each name, type and value with its length before it, in the order of the names; 1 stands before a value
 * that is text, 2 before bytes. Source: SQS Developer Guide, "Calculating the MD5 message digest for message
 * attributes". */
void message_attributes_md5(const struct message_attributes *attributes,
                            char ret_text[DIGEST_MD5_HEX_BYTES]) {
    OWN(buf) struct buf buf;
    buf_init(&buf, LIMIT_QUEUE_REQUEST_BYTES);
    for (size_t i = 0; i < attributes->count; i++) {
        const struct message_attribute *attribute = &attributes->items[i];
        put_sized(&buf, attribute->name, strlen(attribute->name));
        put_sized(&buf, attribute->type, strlen(attribute->type));
        buf_append_byte(&buf, attribute->is_binary ? 2 : 1);
        put_sized(&buf, attribute->value, attribute->value_len);
    }
    digest_md5_hex(buf.data, buf.len, ret_text);
}

static bool is_wanted(const char *name, struct json_value names) {
    struct json_value wanted;
    for (uint32_t cursor = 0; json_each(names, &cursor, NULL, &wanted);) {
        OWN_MEM char *text = json_string(wanted);
        size_t len = text ? strlen(text) : 0;
        if (!text)
            continue;
        if (strcmp(text, name) == 0 || strcmp(text, "All") == 0)
            return true;
        if (len >= 2 && strcmp(text + len - 2, ".*") == 0 && strncmp(text, name, len - 2) == 0)
            return true;
    }
    return false;
}

void message_attributes_filter(struct message_attributes *attributes, struct json_value names) {
    size_t kept = 0;
    for (size_t i = 0; i < attributes->count; i++)
        if (is_wanted(attributes->items[i].name, names))
            attributes->items[kept++] = attributes->items[i];
        else
            attribute_done(&attributes->items[i]);
    attributes->count = kept;
}
