/* Hashes and encodings over bytes in memory. May be called on any thread. OpenSSL 3 looks its algorithms up
 * by name, which costs more than hashing a short text, so each thread keeps one context that is set up
 * already. */
#include "base/digest.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"

#define BLOCK_BYTES 64 /* SHA-256 works on blocks of this size (FIPS 180-4) */

/* OpenSSL fails here only without memory or with a broken installation. */
static void must(int ok) {
    if (ok != 1) {
        fputs("lamb: OpenSSL can't compute SHA-256 or MD5; see: openssl list -digest-algorithms\n", stderr);
        abort();
    }
}

static EVP_MD_CTX *new_context(const EVP_MD *algorithm) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context != NULL);
    must(EVP_DigestInit_ex(context, algorithm, NULL));
    return context;
}

/* Those of one thread. */
struct contexts {
    EVP_MD_CTX *sha256;
    EVP_MD_CTX *md5;
};

static pthread_key_t context_key;
static pthread_once_t context_key_once = PTHREAD_ONCE_INIT;

static void free_contexts(void *item) {
    struct contexts *contexts = item;
    EVP_MD_CTX_free(contexts->sha256);
    EVP_MD_CTX_free(contexts->md5);
    free(contexts);
}

static void make_context_key(void) {
    if (pthread_key_create(&context_key, free_contexts) != 0) {
        fputs("lamb: no thread-specific key is left\n", stderr);
        abort();
    }
}

static struct contexts *own_contexts(void) {
    pthread_once(&context_key_once, make_context_key);
    struct contexts *contexts = pthread_getspecific(context_key);
    if (!contexts) {
        contexts = mem_alloc(sizeof *contexts);
        contexts->sha256 = new_context(EVP_sha256());
        contexts->md5 = new_context(EVP_md5());
        pthread_setspecific(context_key, contexts);
    }
    return contexts;
}

static EVP_MD_CTX *begin(EVP_MD_CTX *context) {
    must(EVP_DigestInit_ex(context, NULL, NULL));
    return context;
}

/* This thread's context, ready for a new SHA-256. */
static EVP_MD_CTX *begin_hash(void) {
    return begin(own_contexts()->sha256);
}

void digest_md5_hex(const void *data, size_t len, char ret_text[DIGEST_MD5_HEX_BYTES]) {
    unsigned char hash[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *context = begin(own_contexts()->md5);
    must(EVP_DigestUpdate(context, data, len));
    must(EVP_DigestFinal_ex(context, hash, NULL));
    digest_hex(hash, (DIGEST_MD5_HEX_BYTES - 1) / 2, ret_text);
}

void digest_sha256(const void *data, size_t len, uint8_t ret_hash[DIGEST_SHA256_BYTES]) {
    EVP_MD_CTX *context = begin_hash();
    must(EVP_DigestUpdate(context, data, len));
    must(EVP_DigestFinal_ex(context, ret_hash, NULL));
}

/* SHA-256 of the key, each byte mixed with `mix`, and the data behind it: one half of an HMAC. */
static void hash_keyed(const uint8_t key[BLOCK_BYTES], uint8_t mix, const void *data, size_t len,
                       uint8_t ret_hash[DIGEST_SHA256_BYTES]) {
    uint8_t pad[BLOCK_BYTES];
    for (size_t i = 0; i < BLOCK_BYTES; i++)
        pad[i] = key[i] ^ mix;
    EVP_MD_CTX *context = begin_hash();
    must(EVP_DigestUpdate(context, pad, sizeof pad));
    must(EVP_DigestUpdate(context, data, len));
    must(EVP_DigestFinal_ex(context, ret_hash, NULL));
    mem_wipe(pad, sizeof pad);
}

/* RFC 2104, written out because OpenSSL's own call takes ten times as long on a short text. */
void digest_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                        uint8_t ret_mac[DIGEST_SHA256_BYTES]) {
    uint8_t block[BLOCK_BYTES] = {0};
    if (key_len > BLOCK_BYTES)
        digest_sha256(key, key_len, block);
    else if (key_len > 0)
        memcpy(block, key, key_len);
    uint8_t inner[DIGEST_SHA256_BYTES];
    hash_keyed(block, 0x36, data, len, inner);
    hash_keyed(block, 0x5c, inner, sizeof inner, ret_mac);
    mem_wipe(block, sizeof block);
    mem_wipe(inner, sizeof inner);
}

struct digest_stream {
    EVP_MD_CTX *context;
};

struct digest_stream *digest_stream_new(void) {
    struct digest_stream *stream = mem_alloc(sizeof *stream);
    stream->context = new_context(EVP_sha256());
    return stream;
}

void digest_stream_add(struct digest_stream *stream, const void *data, size_t len) {
    must(EVP_DigestUpdate(stream->context, data, len));
}

void digest_stream_finish(struct digest_stream *stream, uint8_t ret_hash[DIGEST_SHA256_BYTES]) {
    must(EVP_DigestFinal_ex(stream->context, ret_hash, NULL));
}

void digest_stream_free(struct digest_stream *stream) {
    if (!stream)
        return;
    EVP_MD_CTX_free(stream->context);
    free(stream);
}

void digest_hex(const void *data, size_t len, char *ret_text) {
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++) {
        *ret_text++ = digits[bytes[i] >> 4];
        *ret_text++ = digits[bytes[i] & 0x0f];
    }
    *ret_text = '\0';
}

/* The value of a lower-case hex digit; 16 for every other byte. */
static unsigned hex_value(char digit) {
    if (digit >= '0' && digit <= '9')
        return (unsigned)(digit - '0');
    return digit >= 'a' && digit <= 'f' ? (unsigned)(digit - 'a') + 10 : 16;
}

bool digest_unhex(const char *text, void *ret_data, size_t len) {
    uint8_t *bytes = ret_data;
    if (strlen(text) != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned high = hex_value(text[2 * i]);
        unsigned low = hex_value(text[2 * i + 1]);
        if (high > 15 || low > 15)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool digest_equal(const void *a, const void *b, size_t len) {
    return CRYPTO_memcmp(a, b, len) == 0;
}

uint32_t digest_crc32(const void *data, size_t len) {
    static const Bytef nothing[1];
    return (uint32_t)crc32_z(0, len ? data : nothing, len);
}

size_t digest_base64_encoded_bytes(size_t len) {
    return (len / 3 + (len % 3 != 0)) * 4 + 1;
}

size_t digest_base64_decoded_bytes(size_t len) {
    return len / 4 * 3;
}

size_t digest_base64_encode(const void *data, size_t len, char *ret_text) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *bytes = data;
    char *out = ret_text;
    size_t i = 0;
    for (; len - i >= 3; i += 3) {
        uint32_t group = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];
        *out++ = letters[group >> 18];
        *out++ = letters[group >> 12 & 63];
        *out++ = letters[group >> 6 & 63];
        *out++ = letters[group & 63];
    }
    if (i < len) {
        bool has_two = len - i == 2;
        uint32_t group = (uint32_t)bytes[i] << 16 | (has_two ? (uint32_t)bytes[i + 1] << 8 : 0);
        *out++ = letters[group >> 18];
        *out++ = letters[group >> 12 & 63];
        *out++ = has_two ? letters[group >> 6 & 63] : '=';
        *out++ = '=';
    }
    *out = '\0';
    return (size_t)(out - ret_text);
}

/* The value of a base64 digit plus one; 0 for every other byte. */
static const uint8_t base64_values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

/* Reads `count` digits as 6 bits each, high bits first. */
static bool read_group(const char *text, size_t count, uint32_t *ret_bits) {
    uint32_t bits = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t value = base64_values[(unsigned char)text[i]];
        if (value == 0)
            return false;
        bits = bits << 6 | (value - 1);
    }
    *ret_bits = bits;
    return true;
}

bool digest_base64_decode(const char *text, size_t len, void *ret_data, size_t *ret_len) {
    if (len % 4 != 0)
        return false;
    size_t padding = 0;
    while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
        padding++;
    size_t whole = padding ? len - 4 : len;
    uint8_t *out = ret_data;
    uint32_t bits;
    for (size_t i = 0; i < whole; i += 4) {
        if (!read_group(text + i, 4, &bits))
            return false;
        *out++ = (uint8_t)(bits >> 16);
        *out++ = (uint8_t)(bits >> 8);
        *out++ = (uint8_t)bits;
    }
    if (padding) {
        if (!read_group(text + whole, 4 - padding, &bits))
            return false;
        uint32_t unused = bits & (padding == 2 ? 0x0fu : 0x03u);
        if (unused)
            return false;
        bits >>= padding == 2 ? 4 : 2;
        if (padding == 1)
            *out++ = (uint8_t)(bits >> 8);
        *out++ = (uint8_t)bits;
    }
    *ret_len = (size_t)(out - (uint8_t *)ret_data);
    return true;
}
