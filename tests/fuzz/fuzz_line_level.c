/* Any bytes as a line of a function that logs JSON. What must hold: a line has a level, whatever it is; one
 * that is no JSON object has that of a plain line. */
#include <assert.h>
#include <stdint.h>

#include "base/json.h"
#include "base/mem.h"
#include "invoke/line_level.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *line = mem_copy(data, size); /* of exactly this size, so that a byte too far is noticed */
    enum function_log_level level = line_level(line, size);
    assert(level >= FUNCTION_LOG_TRACE && level <= FUNCTION_LOG_FATAL);
    assert(level == FUNCTION_LOG_INFO || json_check(line, size, NULL));
    free(line);
    return 0;
}
