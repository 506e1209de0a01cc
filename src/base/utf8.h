/* UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define UTF8_MAX_BYTES 4
#define UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Bytes of the well-formed sequence that `text` begins with; 0 when there is none (and when len is 0). */
size_t utf8_sequence(const void *text, size_t len);

/* The code point of a well-formed sequence of `size` bytes. */
uint32_t utf8_decode(const void *text, size_t size);

/* Writes the bytes of a code point that is no surrogate and at most U+10FFFF; returns how many. */
size_t utf8_encode(uint32_t code, char ret_bytes[UTF8_MAX_BYTES]);
