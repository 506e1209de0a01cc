/* Lengths of texts as the service counts them. */
#pragma once

#include <stddef.h>

/* Length of UTF-8 in UTF-16 units: what "length" means in the constraints of the service. A byte that begins
 * no UTF-8 sequence counts as one. */
size_t unicode_utf16_units(const char *text, size_t len);
