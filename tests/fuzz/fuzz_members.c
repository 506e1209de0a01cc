/* Requests from strangers against the members of every operation: any bytes as body, path, query and headers.
 * Whatever they are, the request is refused with a reason or accepted, the matchers made by hand agree with
 * the expressions they stand for, and a report that is told has all its parts.
 *
 * Input: one byte for the operation, then texts for the members outside of the body, each ended by a NUL,
 * then the body after an empty text. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/lambda/operations.h"
#include "base/mem.h"
#include "model/constraint.h"
#include "model/lambda/patterns.h"

#define MAX_MEMBERS 40
#define MAX_TEXTS 64

struct input {
    char *data;
    size_t len;
};

/* The next NUL-ended text; NULL at an empty one and at the end. */
static const char *take_text(struct input *input) {
    const char *text = input->data;
    size_t len = strnlen(text, input->len);
    if (input->len == 0)
        return NULL;
    size_t taken = len < input->len ? len + 1 : len;
    input->data += taken;
    input->len -= taken;
    return len > 0 ? text : NULL;
}

/* A list in the query takes two. */
static void take_texts(struct input *input, const struct constraint *members, const char **items,
                       struct constraint_texts *texts) {
    size_t used = 0;
    for (size_t i = 0; members[i].name && i < MAX_MEMBERS; i++) {
        if (members[i].place == CONSTRAINT_IN_BODY || members[i].place == CONSTRAINT_IS_BODY)
            continue;
        size_t wanted = members[i].type == CONSTRAINT_LIST ? 2 : 1;
        texts[i].items = &items[used];
        for (const char *text; texts[i].count < wanted && (text = take_text(input)) != NULL;) {
            items[used++] = text;
            texts[i].count++;
        }
        assert(used <= MAX_TEXTS);
    }
}

/* Only up to the lengths that members have: beyond, the expressions give up. */
static void compare_matchers(const char *text) {
    static const struct constraint_pattern *const by_hand[] = {&pattern_function_read,
                                                               &pattern_function_write, &pattern_qualifier};
    if (strlen(text) > 256)
        return;
    for (size_t i = 0; i < sizeof by_hand / sizeof by_hand[0]; i++) {
        const struct constraint_pattern expression = {.text = by_hand[i]->text};
        const struct constraint constraint = {
            .name = "text", .type = CONSTRAINT_TEXT, .pattern = &expression};
        struct violations violations = {0};
        constraint_check_text(&constraint, text, &violations);
        assert((violations.count == 0) == by_hand[i]->matches(text, strlen(text)));
    }
}

static void check_report(const struct violations *violations, const struct err *err) {
    assert(err->code == ERR_VALIDATION);
    assert(violations->count > 0 && strstr(err->text, " detected: Value "));
    if (!violations_is_full(violations))
        assert(strstr(err->text, "' failed to satisfy constraint: M"));
}

static void check_request(const struct constraint *members, struct input *input) {
    const char *items[MAX_TEXTS];
    struct constraint_texts texts[MAX_MEMBERS] = {0};
    take_texts(input, members, items, texts);
    if (texts[0].count > 0)
        compare_matchers(texts[0].items[0]);
    struct json_doc doc;
    struct err err;
    bool has_body = json_parse(&doc, input->data, input->len, 2000, &err);
    struct json_value body = has_body ? json_root(&doc) : (struct json_value){0};
    struct violations violations = {0};
    if (!constraint_check_request(members, texts, body, &violations, &err))
        assert(err.code == ERR_SYNTAX && err.text[0] != '\0');
    else if (!violations_finish(&violations, &err))
        check_report(&violations, &err);
    if (has_body)
        json_doc_done(&doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    OWN_MEM char *copy = mem_copy_text((const char *)data, size);
    struct input input = {copy + 1, size - 1};
    check_request(lambda_operations[data[0] % lambda_operation_count].members, &input);
    return 0;
}
