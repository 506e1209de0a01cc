/* See prelude.h. A JSON text has no NUL, so the first one ends it. */
#include "api/web/prelude.h"

#include <string.h>
#include <strings.h>

#define NULS 8

void web_prelude_init(struct web_prelude *prelude) {
    *prelude = (struct web_prelude){0};
    buf_init(&prelude->metadata, WEB_PRELUDE_BYTES);
}

void web_prelude_done(struct web_prelude *prelude) {
    buf_done(&prelude->metadata);
}

bool web_prelude_is_announced(const char *content_type) {
    size_t len = strcspn(content_type, "; \t");
    return len == strlen(WEB_PRELUDE_TYPE) && strncasecmp(content_type, WEB_PRELUDE_TYPE, len) == 0;
}

enum web_prelude_state web_prelude_feed(struct web_prelude *prelude, const void *data, size_t len,
                                        size_t *ret_used) {
    const char *bytes = data;
    size_t at = 0;
    if (prelude->nuls == 0) {
        const char *nul = memchr(bytes, '\0', len);
        at = nul ? (size_t)(nul - bytes) : len;
        if (!buf_append(&prelude->metadata, bytes, at))
            prelude->state = WEB_PRELUDE_BAD;
    }
    while (at < len && prelude->state == WEB_PRELUDE_MORE) {
        if (bytes[at++] != '\0')
            prelude->state = WEB_PRELUDE_BAD;
        else if (++prelude->nuls == NULS)
            prelude->state = WEB_PRELUDE_DONE;
    }
    *ret_used = at;
    return prelude->state;
}
