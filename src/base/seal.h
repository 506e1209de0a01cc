/* Authenticated encryption of short values: AES-256-GCM (NIST SP 800-38D) with a random nonce, which allows
 * 2^32 values under one key. A sealed value is nonce, ciphertext and tag. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEAL_KEY_BYTES 32
#define SEAL_EXTRA_BYTES 28 /* how much longer a sealed value is */

/* Writes len + SEAL_EXTRA_BYTES bytes. */
void seal_make(const uint8_t key[SEAL_KEY_BYTES], const void *data, size_t len, void *ret_sealed);

/* Writes len - SEAL_EXTRA_BYTES bytes. False when it was not sealed with this key, or was changed; what was
 * written is then worth nothing. */
bool seal_open(const uint8_t key[SEAL_KEY_BYTES], const void *sealed, size_t len, void *ret_data);
