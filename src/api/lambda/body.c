/* Taking and reading request bodies. body_take: loop thread; the rest touches nothing but its arguments. */
#include "api/lambda/body.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"

void body_take(struct body *body, struct api_call *call) {
    body->text = call_take_body(call, &body->len);
}

void body_done(struct body *body) {
    json_doc_done(&body->doc);
    free(body->text);
    *body = (struct body){0};
}

bool body_parse(struct body *body, const struct constraint *members, struct err *err) {
    if (body->len) {
        if (!json_parse(&body->doc, body->text, body->len, LIMIT_CONTROL_JSON_TOKENS, err))
            return false;
        body->root = json_root(&body->doc);
    }
    struct violations violations = {0};
    return constraint_check_body(members, body->root, &violations, err) &&
           violations_finish(&violations, err);
}

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
