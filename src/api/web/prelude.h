/* The metadata at the head of a streamed HTTP response: a JSON object, eight NUL bytes, then the body. It
 * comes in pieces of any size. Source: Lambda Developer Guide, "Response streaming for Lambda functions"; the
 * Runtime API's content type application/vnd.awslambda.http-integration-response. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define WEB_PRELUDE_TYPE "application/vnd.awslambda.http-integration-response"
#define WEB_PRELUDE_BYTES (64u * 1024)

enum web_prelude_state {
    WEB_PRELUDE_MORE, /* it goes on in the next piece */
    WEB_PRELUDE_DONE, /* metadata has the JSON text; the rest of the piece is body */
    WEB_PRELUDE_BAD,  /* too long, or NULs that are not eight */
};

struct web_prelude {
    struct buf metadata; /* not checked */
    unsigned nuls;
    enum web_prelude_state state;
};

void web_prelude_init(struct web_prelude *prelude);
void web_prelude_done(struct web_prelude *prelude);

/* Whether a response of this type has one; a parameter behind ';' changes nothing. */
bool web_prelude_is_announced(const char *content_type);

/* Takes the next piece. *ret_used is how many bytes of it were metadata; all of them unless it says DONE. Not
 * called again after DONE or BAD. */
enum web_prelude_state web_prelude_feed(struct web_prelude *prelude, const void *data, size_t len,
                                        size_t *ret_used);
