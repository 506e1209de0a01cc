/* See body.h. Any thread. */
#include "api/lambda/body.h"

struct json_value body_member(struct json_value object, const char *name) {
    struct json_value member = json_member(object, name);
    return json_is_present(member) && json_type_of(member) == JSON_NULL ? (struct json_value){0} : member;
}

bool body_is_true(struct json_value object, const char *name) {
    struct json_value member = json_member(object, name);
    return json_is_present(member) && json_type_of(member) == JSON_TRUE;
}

char *body_text(struct json_value object, const char *name) {
    return json_string(json_member(object, name));
}
