/* Any bytes as the body of a subscription of telemetry; the first one chooses the API. What must hold: it is
 * accepted or refused with words, and what is accepted can stand in a request to the consumer. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "invoke/telemetry_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_clean(const char *text) {
    return *text && strlen(text) <= LIMIT_TELEMETRY_URI_BYTES && !strpbrk(text, " \t\r\n");
}

static void check(const struct telemetry_request *request) {
    const struct telemetry_destination *to = &request->destination;
    assert(to->port != 0 && to->port != 9001 && to->port != 9002);
    assert(request->word_count > 0 && request->word_count <= NOTICE_WORDS);
    assert(request->limits.max_items >= LIMIT_TELEMETRY_ITEMS_MIN);
    assert(request->limits.max_bytes <= LIMIT_TELEMETRY_BYTES_MAX);
    assert(!to->is_http || (to->method && is_clean(to->authority) && is_clean(to->target)));
    assert(!to->is_http || *to->target == '/');
    assert(telemetry_request_equals(request, request));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    char *body = mem_copy(data + 1, size - 1); /* of exactly this size, so that a byte too far is noticed */
    struct telemetry_request request;
    struct telemetry_refusal refusal;
    if (telemetry_request_parse(data[0] & 1 ? LOGS_API : TELEMETRY_API, body, size - 1, &request, &refusal)) {
        check(&request);
        telemetry_request_done(&request);
    } else {
        assert((refusal.status == 400 || refusal.status == 403) && *refusal.type && *refusal.message);
    }
    free(body);
    return 0;
}
