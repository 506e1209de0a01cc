/* Requests for tests of the members: what is sent in path, query and headers as "wire=value" lines, and a
 * body. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "model/lambda/members.h"

#define MAX_MEMBERS 40
#define MAX_VALUES 8

struct sent {
    char *copy;
    const char *values[MAX_MEMBERS][MAX_VALUES];
    struct constraint_texts texts[MAX_MEMBERS];
};

static void send_line(struct sent *sent, const struct constraint *members, char *line) {
    char *value = strchr(line, '=');
    assert_non_null(value);
    *value++ = '\0';
    for (size_t i = 0; members[i].name; i++) {
        if (!members[i].wire || strcmp(members[i].wire, line) != 0)
            continue;
        struct constraint_texts *texts = &sent->texts[i];
        assert_true(texts->count < MAX_VALUES);
        sent->values[i][texts->count++] = value;
        texts->items = sent->values[i];
        return;
    }
    fail_msg("nothing is sent as %s", line);
}

/* `lines` and `body` may be NULL. */
static bool check_request(const struct constraint *members, const char *lines, const char *body,
                          struct err *err) {
    struct sent sent = {.copy = mem_text(lines)};
    char *rest = NULL;
    for (char *line = sent.copy ? strtok_r(sent.copy, "\n", &rest) : NULL; line;
         line = strtok_r(NULL, "\n", &rest))
        send_line(&sent, members, line);
    struct json_doc doc = {0};
    if (body)
        assert_true(json_parse(&doc, body, strlen(body), 20000, err));
    struct violations violations = {0};
    bool accepted = constraint_check_request(members, sent.texts,
                                             body ? json_root(&doc) : (struct json_value){0}, &violations,
                                             err) &&
                    violations_finish(&violations, err);
    json_doc_done(&doc);
    free(sent.copy);
    return accepted;
}

static void expect_fine(const struct constraint *members, const char *lines, const char *body) {
    struct err err;
    if (!check_request(members, lines, body, &err))
        fail_msg("%s %s: %s", lines ? lines : "", body ? body : "", err.text);
}

static void expect(const struct constraint *members, const char *lines, const char *body, enum err_code code,
                   const char *text) {
    struct err err;
    if (check_request(members, lines, body, &err))
        fail_msg("accepted: %s %s", lines ? lines : "", body ? body : "");
    assert_string_equal(err.text, text);
    assert_int_equal(err.code, code);
}
