/* Hashes and encodings over bytes in memory. SHA-256 and HMAC come from OpenSSL, CRC-32 from zlib's
 * polynomial. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_SHA256_BYTES 32
#define DIGEST_SHA256_HEX_BYTES 65 /* 64 digits and NUL */
#define DIGEST_SHA256_BASE64_BYTES 45

void digest_sha256(const void *data, size_t len, uint8_t ret_hash[DIGEST_SHA256_BYTES]);
void digest_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                        uint8_t ret_mac[DIGEST_SHA256_BYTES]);

#define DIGEST_MD5_HEX_BYTES 33

/* MD5 in lower-case hex: clients of SQS check by it what was stored. It is no proof against an attacker. */
void digest_md5_hex(const void *data, size_t len, char ret_text[DIGEST_MD5_HEX_BYTES]);

/* SHA-256 of data that comes in pieces. new/free; finish may be called once. */
struct digest_stream;
struct digest_stream *digest_stream_new(void);
void digest_stream_add(struct digest_stream *stream, const void *data, size_t len);
void digest_stream_finish(struct digest_stream *stream, uint8_t ret_hash[DIGEST_SHA256_BYTES]);
void digest_stream_free(struct digest_stream *stream);

/* Lower-case hex and NUL: 2 * len + 1 bytes. */
void digest_hex(const void *data, size_t len, char *ret_text);

/* The reverse: false unless `text` is exactly 2 * len lower-case digits. */
bool digest_unhex(const char *text, void *ret_data, size_t len);

/* In constant time: for comparing signatures. */
bool digest_equal(const void *a, const void *b, size_t len);

/* CRC-32 as zlib and the AWS event stream use it. */
uint32_t digest_crc32(const void *data, size_t len);

/* Bytes needed for the text of `len` bytes, NUL included / the most bytes a text of `len` characters decodes
 * to. */
size_t digest_base64_encoded_bytes(size_t len);
size_t digest_base64_decoded_bytes(size_t len);

/* RFC 4648, with padding. Returns the text's length without NUL. */
size_t digest_base64_encode(const void *data, size_t len, char *ret_text);

/* Strict: padding required, no white space, unused bits zero. False when the text is not base64. */
bool digest_base64_decode(const char *text, size_t len, void *ret_data, size_t *ret_len);
