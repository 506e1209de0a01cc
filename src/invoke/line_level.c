/* See line_level.h. */
#include "invoke/line_level.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"

/* A line with more names and values than this is not looked into. */
#define MAX_TOKENS 16384

/* Levels as the service names them and as the loggers of its runtimes do. */
static const struct {
    const char *name;
    enum function_log_level level;
} names[] = {
    {"trace", FUNCTION_LOG_TRACE},      {"debug", FUNCTION_LOG_DEBUG}, {"info", FUNCTION_LOG_INFO},
    {"information", FUNCTION_LOG_INFO}, {"warn", FUNCTION_LOG_WARN},   {"warning", FUNCTION_LOG_WARN},
    {"error", FUNCTION_LOG_ERROR},      {"fatal", FUNCTION_LOG_FATAL}, {"critical", FUNCTION_LOG_FATAL},
};

/* The text between the quotes of a string, as it stands; NULL for anything else. */
static const char *raw_string(struct json_value value, size_t *ret_len) {
    if (!json_is_present(value) || json_type_of(value) != JSON_STRING)
        return NULL;
    const char *raw = json_raw(value, ret_len);
    *ret_len -= 2;
    return raw + 1;
}

/* `pattern` with '0' for any digit. The bytes behind what matched, or NULL. */
static const char *skip_pattern(const char *at, const char *end, const char *pattern) {
    for (; *pattern; pattern++, at++)
        if (at == end || (*pattern == '0' ? !isdigit((unsigned char)*at) : *at != *pattern))
            return NULL;
    return at;
}

/* RFC 3339, 5.6: date and time, perhaps a fraction, and an offset. */
static bool is_time(struct json_value value) {
    size_t len = 0;
    const char *text = raw_string(value, &len);
    if (!text)
        return false;
    const char *end = text + len;
    const char *at = skip_pattern(text, end, "0000-00-00");
    if (!at || at == end || !strchr("Tt ", *at))
        return false;
    at = skip_pattern(at + 1, end, "00:00:00");
    if (!at || at == end)
        return false;
    if (*at == '.')
        do
            at++;
        while (at < end && isdigit((unsigned char)*at));
    if (at == end)
        return false;
    if (*at == 'Z' || *at == 'z')
        return at + 1 == end;
    return strchr("+-", *at) && skip_pattern(at + 1, end, "00:00") == end;
}

static enum function_log_level named_level(struct json_value value) {
    size_t len = 0;
    const char *text = raw_string(value, &len);
    for (size_t i = 0; text && i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i].name) == len && strncasecmp(names[i].name, text, len) == 0)
            return names[i].level;
    return FUNCTION_LOG_INFO;
}

enum function_log_level line_level(const char *text, size_t len) {
    struct json_doc doc;
    if (len == 0 || text[0] != '{' || !json_parse(&doc, text, len, MAX_TOKENS, NULL))
        return FUNCTION_LOG_INFO;
    struct json_value root = json_root(&doc);
    enum function_log_level level = FUNCTION_LOG_INFO;
    if (is_time(json_member(root, "timestamp")) || is_time(json_member(root, "time")))
        level = named_level(json_member(root, "level"));
    json_doc_done(&doc);
    return level;
}
