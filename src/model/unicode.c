/* Unicode for the constraints of the service model. Anybody may call it. */
#include "model/unicode.h"

#include "base/utf8.h"

size_t unicode_utf16_units(const char *text, size_t len) {
    size_t units = 0;
    for (size_t at = 0; at < len;) {
        size_t size = utf8_sequence(text + at, len - at);
        units += size == 4 ? 2 : 1; /* beyond the basic plane: a pair of surrogates */
        at += size > 0 ? size : 1;
    }
    return units;
}
