/* Bodies of /extension/register from strangers. An input is E (external) or anything else (internal), and a
 * body. What must hold: a refusal says why and changes nothing; no internal extension gets SHUTDOWN; names
 * and bits agree. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "invoke/extension_subscription.h"

#define UNTOUCHED 0xa5u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    bool is_external = data[0] == 'E';
    /* A block of just this size: reading past it is seen. */
    OWN_MEM char *body = mem_copy(data + 1, size - 1);
    unsigned events = UNTOUCHED;
    struct err err = {0};
    if (!extension_subscription_parse(body, size - 1, is_external, &events, &err)) {
        assert(events == UNTOUCHED && err.text[0] != '\0');
        assert(err.code == ERR_SYNTAX || err.code == ERR_LIMIT || err.code == ERR_PARAMETER);
        return 0;
    }
    assert((events & ~(EXTENSION_INVOKE | EXTENSION_SHUTDOWN)) == 0);
    assert(is_external || !(events & EXTENSION_SHUTDOWN));
    const char *names[EXTENSION_SUBSCRIPTIONS];
    size_t count = extension_subscription_names(events, names);
    assert(count == (size_t)__builtin_popcount(events));
    for (size_t i = 0; i < count; i++)
        assert(strstr(names[i], i + 1 == count && (events & EXTENSION_SHUTDOWN) ? "SHUTDOWN" : "INVOKE"));
    return 0;
}
