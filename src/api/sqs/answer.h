/* Answers in both protocols from one description. In JSON a list is an array under its own name, in XML each
 * of its items is an element under the name of one; a map is an object, or elements with two parts.
 *
 *     answer_begin(&answer, &buf, call);
 *     answer_open_list(&answer, "Successful");
 *     answer_open_item(&answer, "DeleteMessageBatchResultEntry");
 *     answer_text(&answer, "Id", id);
 *     answer_close_item(&answer, "DeleteMessageBatchResultEntry");
 *     answer_close_list(&answer);
 *     answer_end(&answer);
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/call.h"
#include "base/buf.h"
#include "base/json.h"

/* Ten messages with a MiB of text together, each byte escaped, and what is around them. */
#define ANSWER_BYTES (16u * 1024 * 1024)

struct answer {
    struct buf *buf;
    const struct api_call *call;
    bool is_xml;
    struct json_writer json;
};

/* Into an empty buffer. */
void answer_begin(struct answer *answer, struct buf *buf, const struct api_call *call);
void answer_end(struct answer *answer);

/* Nothing for NULL. */
void answer_text(struct answer *answer, const char *name, const char *text);
void answer_integer(struct answer *answer, const char *name, int64_t number);
void answer_bool(struct answer *answer, const char *name, bool value);

void answer_open_list(struct answer *answer, const char *name);
void answer_close_list(struct answer *answer);
void answer_open_item(struct answer *answer, const char *element);
void answer_close_item(struct answer *answer, const char *element);
void answer_text_item(struct answer *answer, const char *element, const char *text);

void answer_open_map(struct answer *answer, const char *name);
void answer_close_map(struct answer *answer);

/* One entry of a map of texts; `key_name` is "Name" or "Key". */
void answer_entry(struct answer *answer, const char *element, const char *key_name, const char *key,
                  const char *value);

/* One entry of a map of structures. */
void answer_open_entry(struct answer *answer, const char *element, const char *key);
void answer_close_entry(struct answer *answer, const char *element);
