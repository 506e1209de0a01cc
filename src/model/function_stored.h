/* The stored form of a function: a text with everything but account, name, version, references and epoch. For
 * the store. */
#pragma once

#include "base/buf.h"
#include "model/function.h"

void function_encode(const struct function *function, struct buf *buf);

/* Fills in what is stored of a fresh value, whose account, name and version are set. Parts that are equal to
 * those of `sibling`, another version of the function, are shared with it; NULL is fine. ERR_CORRUPT. */
bool function_decode(const char *text, size_t len, const struct function *sibling, struct function *function,
                     struct err *err);
