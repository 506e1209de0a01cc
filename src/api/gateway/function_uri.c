/* See function_uri.h. */
#include "api/gateway/function_uri.h"

#include <string.h>

#include "base/mem.h"

#define VARIABLE_BEGIN "${stageVariables."

static bool ends_with(const char *text, size_t len, const char *end) {
    return len >= strlen(end) && memcmp(text + len - strlen(end), end, strlen(end)) == 0;
}

bool function_uri_parse(const char *uri, struct function_ref *ret_function, struct err *err) {
    static const char before[] = ":lambda:path/2015-03-31/functions/", behind[] = "/invocations";
    const char *arn = strstr(uri, before);
    arn = arn ? arn + strlen(before) : uri;
    size_t len = strlen(arn);
    if (arn != uri && ends_with(arn, len, behind))
        len -= strlen(behind);
    OWN_MEM char *text = mem_copy_text(arn, len);
    struct function_ref function;
    bool is_function = strncmp(text, "arn:", 4) == 0 && strstr(text, ":lambda:") &&
                       function_ref_parse(text, FUNCTION_REF_READ, &function, NULL) && function.account[0];
    if (!is_function)
        return err_set(err, ERR_PARAMETER, "Invalid function ARN or invalid uri: %.300s", uri);
    *ret_function = function;
    return true;
}

bool function_uri_varies(const char *uri) {
    return strstr(uri, VARIABLE_BEGIN) != NULL;
}

bool function_uri_expand(const char *uri, struct json_value variables, struct buf *ret_uri) {
    const char *begin;
    for (; (begin = strstr(uri, VARIABLE_BEGIN)); uri = strchr(begin, '}') + 1) {
        const char *name = begin + strlen(VARIABLE_BEGIN);
        const char *end = strchr(name, '}');
        if (!end)
            return false;
        OWN_MEM char *key = mem_copy_text(name, (size_t)(end - name));
        buf_append(ret_uri, uri, (size_t)(begin - uri));
        if (!json_append_string(json_member(variables, key), ret_uri))
            return false;
    }
    buf_append_text(ret_uri, uri);
    return buf_ok(ret_uri);
}
