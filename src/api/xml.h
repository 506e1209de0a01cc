/* Writes XML elements into a buffer. Names are ours; texts may be anything. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

void xml_open(struct buf *buf, const char *name);
void xml_close(struct buf *buf, const char *name);

/* Escapes what XML needs escaped. What it can't express is dropped (control characters) or replaced by U+FFFD
 * (what is no UTF-8, U+FFFE and U+FFFF). */
void xml_append_text(struct buf *buf, const char *text);

/* A whole element; nothing when `text` is NULL. */
void xml_put(struct buf *buf, const char *name, const char *text);
void xml_put_integer(struct buf *buf, const char *name, int64_t number);
void xml_put_bool(struct buf *buf, const char *name, bool value);
