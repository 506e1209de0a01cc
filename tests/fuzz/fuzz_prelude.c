/* Any bytes as a streamed response with metadata. The first byte decides how they are cut into pieces. What
 * must hold: the result does not depend on the cuts; what was taken ends with eight NULs or is refused; and
 * metadata, whatever they are, become header lines that are lines. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "api/web/prelude.h"
#include "api/web/response.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum web_prelude_state read_pieces(struct web_prelude *prelude, const char *bytes, size_t size,
                                          size_t step, size_t *ret_used) {
    enum web_prelude_state state = WEB_PRELUDE_MORE;
    web_prelude_init(prelude);
    *ret_used = 0;
    while (*ret_used < size && state == WEB_PRELUDE_MORE) {
        size_t used, len = size - *ret_used < step ? size - *ret_used : step;
        state = web_prelude_feed(prelude, bytes + *ret_used, len, &used);
        assert(used <= len && (state != WEB_PRELUDE_MORE || used == len));
        *ret_used += used;
    }
    return state;
}

/* Each line is "name: value" and there is no empty one, which would end the head. */
static void check_lines(const struct buf *headers) {
    for (const char *line = buf_text(headers); *line; line = strchr(line, '\n') + 1) {
        const char *end = strchr(line, '\r');
        assert(end && end[1] == '\n' && end > line && *line != ' ' && *line != ':');
        assert(memchr(line, ':', (size_t)(end - line)) && !memchr(line, '\n', (size_t)(end - line)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    struct web_prelude whole, cut;
    size_t whole_used, cut_used;
    char *bytes = mem_copy(data + 1, size - 1); /* of exactly this size, so that a byte too far is noticed */
    enum web_prelude_state state = read_pieces(&whole, bytes, size - 1, size, &whole_used);
    enum web_prelude_state other = read_pieces(&cut, bytes, size - 1, 1 + data[0] % 32, &cut_used);
    assert(state == other && (state == WEB_PRELUDE_BAD || whole_used == cut_used));
    if (state == WEB_PRELUDE_DONE) {
        const struct web_response_rules rules = {.format = data[0] % 2 ? WEB_FORMAT_1 : WEB_FORMAT_2};
        struct web_response response;
        struct err err;
        assert(whole_used >= 8 && bytes[whole_used - 8] == '\0' && bytes[whole_used - 1] == '\0');
        assert(whole.metadata.len == cut.metadata.len);
        if (web_response_parse_metadata(&response, &rules, buf_text(&whole.metadata), whole.metadata.len,
                                        &err))
            check_lines(&response.headers);
        web_response_done(&response);
    }
    web_prelude_done(&whole);
    web_prelude_done(&cut);
    free(bytes);
    return 0;
}
