/* Any bytes as what a function answered, by the rules that the first byte chooses. What must hold: a response
 * has a status, a body, and header lines that are lines; none of them frames the message. */
#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "api/web/response.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_lines(const struct web_response *response, bool omits_cors) {
    static const char *const ours[] = {"Content-Length:", "Transfer-Encoding:", "Connection:"};
    assert(buf_ok(&response->headers));
    for (const char *line = buf_text(&response->headers); *line; line = strchr(line, '\n') + 1) {
        const char *end = strchr(line, '\r');
        assert(end && end[1] == '\n' && end > line);
        assert(memchr(line, ':', (size_t)(end - line)) && !memchr(line, '\n', (size_t)(end - line)));
        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
            assert(strncasecmp(line, ours[i], strlen(ours[i])) != 0);
        assert(!omits_cors || strncasecmp(line, "access-control-", 15) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    const struct web_response_rules rules = {.format = data[0] & 1 ? WEB_FORMAT_1 : WEB_FORMAT_2,
                                             .omits_cors = data[0] & 2};
    char *document = mem_copy(data + 1, size - 1);
    struct web_response response;
    struct err err;
    if (web_response_parse(&response, &rules, document, size - 1, &err)) {
        assert(response.status >= 200 && response.status <= 599);
        assert(response.body && memchr(response.body, '\n', response.body_len) != document + size);
        check_lines(&response, rules.omits_cors);
    }
    web_response_done(&response);
    free(document);
    return 0;
}
