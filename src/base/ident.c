/* Identifiers and randomness. Each thread draws from the kernel 4 KiB at a time and wipes what it has given
 * out, so that a look into memory shows no identifier of the past. A process made by fork must exec before it
 * asks for identifiers: it would give out what its parent gives out. */
#include "base/ident.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"

#define BATCH_BYTES 4096

static void fill_from_kernel(uint8_t *data, size_t size) {
    while (size > 0) {
        ssize_t got = getrandom(data, size, 0);
        if (got < 0) {
            if (errno == EINTR)
                continue;
            perror("lamb: getrandom");
            abort();
        }
        data += got;
        size -= (size_t)got;
    }
}

void ident_random(void *data, size_t size) {
    static _Thread_local uint8_t batch[BATCH_BYTES];
    static _Thread_local size_t left; /* unused bytes, at the batch's start */
    if (size > BATCH_BYTES) {
        fill_from_kernel(data, size);
        return;
    }
    if (size > left) {
        fill_from_kernel(batch + left, BATCH_BYTES - left);
        left = BATCH_BYTES;
    }
    left -= size;
    memcpy(data, batch + left, size);
    mem_wipe(batch + left, size);
}

static const char hex_digits[] = "0123456789abcdef";

void ident_uuid(char ret_text[IDENT_UUID_BYTES]) {
    /* Where each of the 16 bytes begins in the text; the dashes lie between. */
    static const uint8_t places[16] = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
    uint8_t bytes[16];
    ident_random(bytes, sizeof bytes);
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40); /* version 4 */
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80); /* variant of RFC 9562 */
    for (size_t i = 0; i < sizeof bytes; i++) {
        ret_text[places[i]] = hex_digits[bytes[i] >> 4];
        ret_text[places[i] + 1] = hex_digits[bytes[i] & 0x0f];
    }
    ret_text[8] = ret_text[13] = ret_text[18] = ret_text[23] = '-';
    ret_text[36] = '\0';
}

static bool is_hex_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool ident_is_uuid(const char *text, size_t len) {
    if (len != IDENT_UUID_BYTES - 1)
        return false;
    for (size_t i = 0; i < len; i++) {
        bool is_dash_place = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash_place ? text[i] != '-' : !is_hex_digit(text[i]))
            return false;
    }
    return true;
}

void ident_hex(char *ret_text, size_t count) {
    ident_from_alphabet(ret_text, count, hex_digits);
}

void ident_from_alphabet(char *ret_text, size_t count, const char *alphabet) {
    size_t letters = strlen(alphabet);
    /* Bytes from here on would make the first letters likelier than the rest. */
    size_t fair_end = 256 - 256 % letters;
    size_t done = 0;
    while (done < count) {
        uint8_t bytes[32];
        size_t wanted = count - done < sizeof bytes ? count - done : sizeof bytes;
        ident_random(bytes, wanted);
        for (size_t i = 0; i < wanted; i++)
            if (bytes[i] < fair_end)
                ret_text[done++] = alphabet[bytes[i] % letters];
    }
    ret_text[count] = '\0';
}
