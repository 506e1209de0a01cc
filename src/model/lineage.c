/* See lineage.h. */
#include "model/lineage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"

#define FIELD "Lineage="
#define MAX_CALLS 32767u
#define MAX_RETURNS 255u

struct lineage {
    uint32_t calls;
    uint32_t function;
    uint32_t returns;
};

/* Where the field begins; NULL when there is none. */
static const char *find(const char *trace_id) {
    for (const char *at = trace_id; at; at = strchr(at, ';') ? strchr(at, ';') + 1 : NULL)
        if (strncmp(at, FIELD, strlen(FIELD)) == 0)
            return at;
    return NULL;
}

static bool read_number(const char **at, int base, char end, uint32_t most, uint32_t *ret_number) {
    char *rest;
    if (!strchr("0123456789abcdefABCDEF", **at) || !**at)
        return false;
    unsigned long number = strtoul(*at, &rest, base);
    if (number > most || (*rest != end && !(end == ';' && *rest == '\0')))
        return false;
    *ret_number = (uint32_t)number;
    *at = rest + 1;
    return true;
}

/* A field that can't be read counts as none. */
static struct lineage read_lineage(const char *trace_id) {
    struct lineage lineage = {0};
    const char *at = find(trace_id);
    if (!at)
        return lineage;
    at += strlen(FIELD);
    if (!read_number(&at, 10, ':', MAX_CALLS, &lineage.calls) ||
        !read_number(&at, 16, ':', UINT32_MAX, &lineage.function) ||
        !read_number(&at, 10, ';', MAX_RETURNS, &lineage.returns))
        return (struct lineage){0};
    return lineage;
}

uint32_t lineage_returns(const char *trace_id) {
    return read_lineage(trace_id).returns;
}

static void extend(struct lineage *lineage, uint32_t function) {
    uint32_t calls = lineage->calls < MAX_CALLS ? lineage->calls + 1 : MAX_CALLS;
    lineage->calls = calls;
    if (calls > 1 && function == lineage->function) {
        lineage->returns += lineage->returns < MAX_RETURNS;
    } else if ((calls & (calls - 1)) == 0 && lineage->returns * LINEAGE_LENGTH < calls) {
        lineage->function = function;
        lineage->returns = 0;
    }
}

void lineage_extend(const char *trace_id, const char *function_arn, char *ret_trace_id, size_t size) {
    struct lineage lineage = read_lineage(trace_id);
    const char *field = find(trace_id);
    size_t before = field ? (size_t)(field - trace_id) : strlen(trace_id);
    const char *after = field ? strchr(field, ';') : NULL;
    extend(&lineage, digest_crc32(function_arn, strlen(function_arn)));
    int len = snprintf(ret_trace_id, size, "%.*s%s" FIELD "%u:%08x:%u%s", (int)before, trace_id,
                       !field && before > 0 ? ";" : "", lineage.calls, lineage.function, lineage.returns,
                       after ? after : "");
    if (len < 0 || (size_t)len >= size)
        snprintf(ret_trace_id, size, "%s", trace_id);
}
