/* Requests for the tests of api/web, from their text. */
#pragma once

#include <assert.h>
#include <string.h>

#include "http/parse.h"

/* "GET /path?query HTTP/1.1\r\n..." with its empty line, and a body behind it. The text must stay. */
static inline void web_fixture_parse(struct parse *parse, const char *text) {
    size_t used;
    parse_reset(parse);
    enum parse_result result = parse_head(parse, text, strlen(text), &used);
    assert(result == PARSE_COMPLETE);
    (void)result;
    parse->request.body = (struct http_text){text + used, strlen(text) - used};
}
