/* The little Lamb needs to know of Unicode: code points out of UTF-8, lengths as the service counts them, and
 * which code points are letters, numbers or separators. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes one code point off the front; false at the end. A byte that begins no UTF-8 sequence gives U+FFFD. */
bool unicode_next(const char **text, size_t *len, uint32_t *ret_code_point);

/* Length in UTF-16 units: what "length" means in the constraints of the service. */
size_t unicode_utf16_units(const char *text, size_t len);

/* General category L, N or Z: what [\p{L}\p{N}\p{Z}] matches. */
bool unicode_is_word(uint32_t code_point);
