/* See extension_subscription.h. */
#include "invoke/extension_subscription.h"

#include <strings.h>

#include "base/json.h"
#include "base/mem.h"

#define MAX_TOKENS 256

static const struct {
    const char *name;
    unsigned event;
    bool is_external; /* alone */
} known[EXTENSION_SUBSCRIPTIONS] = {
    {"INVOKE", EXTENSION_INVOKE, false},
    {"SHUTDOWN", EXTENSION_SHUTDOWN, true},
};

static bool add_event(struct json_value value, bool is_external, unsigned *events, struct err *err) {
    OWN_MEM char *name = json_string(value);
    if (!name)
        return err_set(err, ERR_SYNTAX, "events must be an array of strings");
    for (size_t i = 0; i < EXTENSION_SUBSCRIPTIONS; i++) {
        if (!json_string_is(value, known[i].name))
            continue;
        if (known[i].is_external && !is_external)
            return err_set(err, ERR_PARAMETER, "%s: ShutdownEventNotSupportedForInternalExtension", name);
        *events |= known[i].event;
        return true;
    }
    return err_set(err, ERR_PARAMETER, "%s: ErrorInvalidEventType", name);
}

/* The last member of that name. */
static struct json_value find_member(struct json_value object, const char *name) {
    struct json_value found = {0};
    struct json_value key, value;
    for (uint32_t cursor = 0; json_each(object, &cursor, &key, &value);) {
        OWN_MEM char *text = json_string(key);
        if (text && strcasecmp(text, name) == 0)
            found = value;
    }
    return found;
}

/* Absent and null are none. */
static bool is_array(struct json_value value, bool *ret_has_items) {
    bool is_absent = !json_is_present(value) || json_type_of(value) == JSON_NULL;
    *ret_has_items = json_size(value) > 0;
    return is_absent || json_type_of(value) == JSON_ARRAY;
}

static bool read_events(struct json_value root, bool is_external, unsigned *ret_events, struct err *err) {
    if (json_type_of(root) != JSON_OBJECT && json_type_of(root) != JSON_NULL)
        return err_set(err, ERR_SYNTAX, "the body must be an object, like {\"events\":[\"INVOKE\"]}");
    bool has_items;
    if (!is_array(find_member(root, "configurationKeys"), &has_items) || has_items)
        return err_set(err, ERR_SYNTAX,
                       "configurationKeys are deprecated; use environment variables instead");
    struct json_value list = find_member(root, "events");
    if (!is_array(list, &has_items))
        return err_set(err, ERR_SYNTAX, "events must be an array of strings");
    unsigned events = 0;
    struct json_value value;
    for (uint32_t cursor = 0; json_each(list, &cursor, NULL, &value);)
        if (!add_event(value, is_external, &events, err))
            return false;
    *ret_events = events;
    return true;
}

bool extension_subscription_parse(const char *body, size_t len, bool is_external, unsigned *ret_events,
                                  struct err *err) {
    struct json_fault fault;
    if (!json_check(body, len, &fault))
        return err_set(err, ERR_SYNTAX, "%s",
                       fault.offset >= len ? "unexpected end of JSON input" : fault.text);
    OWN(json_doc) struct json_doc doc = {0};
    return json_parse(&doc, body, len, MAX_TOKENS, err) &&
           read_events(json_root(&doc), is_external, ret_events, err);
}

size_t extension_subscription_names(unsigned events, const char *ret_names[EXTENSION_SUBSCRIPTIONS]) {
    size_t count = 0;
    for (size_t i = 0; i < EXTENSION_SUBSCRIPTIONS; i++)
        if (events & known[i].event)
            ret_names[count++] = known[i].name;
    return count;
}
