/* See seal.h. */
#include "base/seal.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ident.h"

#define NONCE_BYTES 12
#define TAG_BYTES 16

/* OpenSSL fails here only without memory or with a broken installation. */
static void must(bool ok) {
    if (!ok) {
        fputs("lamb: OpenSSL can't encrypt with AES-256-GCM; see: openssl list -cipher-algorithms\n", stderr);
        abort();
    }
}

void seal_make(const uint8_t key[SEAL_KEY_BYTES], const void *data, size_t len, void *ret_sealed) {
    unsigned char *nonce = ret_sealed;
    unsigned char *text = nonce + NONCE_BYTES;
    int written;
    ident_random(nonce, NONCE_BYTES);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    must(context && EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
         EVP_EncryptUpdate(context, text, &written, data, (int)len) == 1 &&
         EVP_EncryptFinal_ex(context, text + len, &written) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, text + len) == 1);
    EVP_CIPHER_CTX_free(context);
}

bool seal_open(const uint8_t key[SEAL_KEY_BYTES], const void *sealed, size_t len, void *ret_data) {
    if (len < SEAL_EXTRA_BYTES)
        return false;
    const unsigned char *nonce = sealed;
    const unsigned char *text = nonce + NONCE_BYTES;
    unsigned char *data = ret_data;
    unsigned char tag[TAG_BYTES];
    size_t text_len = len - SEAL_EXTRA_BYTES;
    int written;
    for (size_t i = 0; i < TAG_BYTES; i++)
        tag[i] = text[text_len + i];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    must(context && EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
         EVP_DecryptUpdate(context, data, &written, text, (int)text_len) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1);
    bool ok = EVP_DecryptFinal_ex(context, data + text_len, &written) == 1;
    EVP_CIPHER_CTX_free(context);
    return ok;
}
