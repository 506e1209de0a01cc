/* The attributes of a message: read from a request, kept with the message, hashed the way clients do to check
 * them. Values. Source: SQS Developer Guide, "Amazon SQS message metadata"; messages as the service words
 * them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/json.h"
#include "base/limits.h"

struct message_attribute {
    char *name;
    char *type;  /* "String", "Number.int", ... */
    char *value; /* bytes, and a NUL behind them */
    size_t value_len;
    bool is_binary;
};

/* Starts as {0}. Owns its texts; in the order of the names. */
struct message_attributes {
    struct message_attribute items[LIMIT_MESSAGE_ATTRIBUTES];
    size_t count;
};

void message_attributes_done(struct message_attributes *attributes);

/* Reads the map MessageAttributes of a request, or one that was written by message_attributes_write(); an
 * absent map has none. ERR_PARAMETER, ERR_CONTENTS. */
bool message_attributes_read(struct message_attributes *attributes, struct json_value map, struct err *err);

/* The same for MessageSystemAttributes, which can have one: AWSTraceHeader. */
bool message_attributes_read_system(struct message_attributes *attributes, struct json_value map,
                                    struct err *err);

/* As an object of the request's form. */
void message_attributes_write(const struct message_attributes *attributes, struct json_writer *json);

/* What they count towards the size of a message. */
size_t message_attributes_bytes(const struct message_attributes *attributes);

/* The value in base64, for a binary one; the caller frees it. */
char *message_attribute_base64(const struct message_attribute *attribute);

void message_attributes_md5(const struct message_attributes *attributes, char ret_text[DIGEST_MD5_HEX_BYTES]);

/* Keeps only those that a list MessageAttributeNames asks for: names, "prefix.*", "All", ".*". */
void message_attributes_filter(struct message_attributes *attributes, struct json_value names);

/* Whether a text has only characters that messages may have: those of XML 1.0. */
bool message_text_is_valid(const char *text, size_t len);

#define MESSAGE_TEXT_RULE                                                                                    \
    "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to "   \
    "#xFFFD | #x10000 to #x10FFFF"
