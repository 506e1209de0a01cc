/* Identifiers and randomness, from the kernel's generator. Random bytes are drawn in batches per thread, so
 * that an identifier costs no system call; a process made by fork must exec before it asks for any. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define IDENT_UUID_BYTES 37 /* 36 characters and NUL */

/* Fills with cryptographically secure random bytes; aborts if the kernel has none. */
void ident_random(void *data, size_t size);

/* A random UUID (RFC 9562, version 4), lower case. */
void ident_uuid(char ret_text[IDENT_UUID_BYTES]);

/* Any of the 128 bits as 8-4-4-4-12 hex digits. */
bool ident_is_uuid(const char *text, size_t len);

/* `count` random lower-case hex digits and NUL into a buffer of count + 1 bytes. */
void ident_hex(char *ret_text, size_t count);

/* `count` random characters of `alphabet` and NUL, without bias. */
void ident_from_alphabet(char *ret_text, size_t count, const char *alphabet);
