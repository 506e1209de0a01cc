/* The stored form of a function: one JSON object, its members named in the tables below. Members are found by
 * name, so that their order is free; a member that is missing, of another type or out of range makes the
 * document corrupt, since nobody but function_encode() writes it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "model/function.h"

#define STORED_MAX_TOKENS 10000u

/* Texts inside the struct: name, place, bytes with NUL. */
static const struct {
    const char *name;
    size_t offset;
    size_t size;
} inner_texts[] = {
#define INNER(name, field)                                                                                   \
    { name, offsetof(struct function, field), sizeof((struct function *)0)->field }
    INNER("account", account),           INNER("name", name),
    INNER("version", version),           INNER("runtime", runtime),
    INNER("architecture", architecture), INNER("code_sha256", code_sha256),
    INNER("code_digest", code_digest),   INNER("revision_id", revision_id),
#undef INNER
};

static const struct {
    const char *name;
    size_t offset;
} owned_texts[] = {
    {"description", offsetof(struct function, description)},
    {"handler", offsetof(struct function, handler)},
    {"role", offsetof(struct function, role)},
};

static const struct {
    const char *name;
    size_t offset;
} small_numbers[] = {
    {"memory_mb", offsetof(struct function, memory_mb)},
    {"timeout_s", offsetof(struct function, timeout_s)},
    {"tmp_mb", offsetof(struct function, tmp_mb)},
};

static const struct {
    const char *name;
    size_t offset;
} reasons[] = {
    {"state_reason", offsetof(struct function, state_reason)},
    {"state_reason_code", offsetof(struct function, state_reason_code)},
    {"update_reason", offsetof(struct function, update_reason)},
    {"update_reason_code", offsetof(struct function, update_reason_code)},
};

static const char *const known_reasons[] = {
    FUNCTION_REASON_CREATING,
    FUNCTION_REASON_CODE_CREATING,
    FUNCTION_REASON_IDLE,
    FUNCTION_REASON_CODE_IDLE,
    FUNCTION_REASON_RESTORING,
    FUNCTION_REASON_CODE_RESTORING,
    FUNCTION_REASON_INVALID_ZIP,
    FUNCTION_REASON_CODE_INVALID_ZIP,
    FUNCTION_REASON_INVALID_RUNTIME,
    FUNCTION_REASON_CODE_INVALID_RUNTIME,
    FUNCTION_REASON_INTERNAL,
    FUNCTION_REASON_CODE_INTERNAL,
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const char *find_reason(const char *text) {
    for (size_t i = 0; i < COUNT(known_reasons); i++)
        if (strcmp(text, known_reasons[i]) == 0)
            return known_reasons[i];
    return NULL;
}

static const void *field_of(const struct function *function, size_t offset) {
    return (const char *)function + offset;
}

void function_encode(const struct function *function, struct buf *buf) {
    struct json_writer writer;
    json_writer_init(&writer, buf);
    json_open_object(&writer);
    for (size_t i = 0; i < COUNT(inner_texts); i++)
        json_put_member(&writer, inner_texts[i].name, field_of(function, inner_texts[i].offset));
    for (size_t i = 0; i < COUNT(owned_texts); i++)
        json_put_member(&writer, owned_texts[i].name,
                        *(char *const *)field_of(function, owned_texts[i].offset));
    for (size_t i = 0; i < COUNT(small_numbers); i++)
        json_put_member_integer(&writer, small_numbers[i].name,
                                *(const uint32_t *)field_of(function, small_numbers[i].offset));
    for (size_t i = 0; i < COUNT(reasons); i++) {
        const char *reason = *(const char *const *)field_of(function, reasons[i].offset);
        assert(!reason || find_reason(reason));
        json_put_member(&writer, reasons[i].name, reason);
    }
    json_put_member_integer(&writer, "code_size_bytes", (int64_t)function->code_size_bytes);
    json_put_member_integer(&writer, "last_modified_us", function->last_modified_us);
    json_put_member(&writer, "state", function_state_name(function->state));
    json_put_member(&writer, "update", function_update_name(function->update));
    if (function->has_environment) {
        json_key(&writer, "environment");
        json_open_object(&writer);
        for (size_t i = 0; i < function->variable_count; i++)
            json_put_member(&writer, function->variables[i].name, function->variables[i].value);
        json_close_object(&writer);
    }
    json_close_object(&writer);
}

static bool refuse(const char *member, struct err *err) {
    return err_set(err, ERR_CORRUPT, "A stored function has no valid member \"%s\"", member);
}

static bool decode_texts(struct json_value root, struct function *function, struct err *err) {
    for (size_t i = 0; i < COUNT(inner_texts); i++) {
        OWN_MEM char *text = json_string(json_member(root, inner_texts[i].name));
        size_t size = text ? strlen(text) + 1 : 0;
        if (!text || size > inner_texts[i].size)
            return refuse(inner_texts[i].name, err);
        memcpy((char *)function + inner_texts[i].offset, text, size);
    }
    for (size_t i = 0; i < COUNT(owned_texts); i++) {
        char *text = json_string(json_member(root, owned_texts[i].name));
        if (!text)
            return refuse(owned_texts[i].name, err);
        char **field = (char **)(void *)((char *)function + owned_texts[i].offset);
        free(*field);
        *field = text;
    }
    return true;
}

static bool decode_reasons(struct json_value root, struct function *function, struct err *err) {
    for (size_t i = 0; i < COUNT(reasons); i++) {
        struct json_value member = json_member(root, reasons[i].name);
        if (!json_is_present(member))
            continue;
        OWN_MEM char *text = json_string(member);
        const char *reason = text ? find_reason(text) : NULL;
        if (!reason)
            return refuse(reasons[i].name, err);
        *(const char **)(void *)((char *)function + reasons[i].offset) = reason;
    }
    return true;
}

static bool decode_numbers(struct json_value root, struct function *function, struct err *err) {
    int64_t number;
    for (size_t i = 0; i < COUNT(small_numbers); i++) {
        if (!json_integer(json_member(root, small_numbers[i].name), &number) || number < 0 ||
            number > UINT32_MAX)
            return refuse(small_numbers[i].name, err);
        *(uint32_t *)(void *)((char *)function + small_numbers[i].offset) = (uint32_t)number;
    }
    if (!json_integer(json_member(root, "code_size_bytes"), &number) || number < 0)
        return refuse("code_size_bytes", err);
    function->code_size_bytes = (uint64_t)number;
    return json_integer(json_member(root, "last_modified_us"), &function->last_modified_us) ||
           refuse("last_modified_us", err);
}

static bool decode_states(struct json_value root, struct function *function, struct err *err) {
    struct json_value member = json_member(root, "state");
    enum function_state state = FUNCTION_PENDING;
    while (!json_string_is(member, function_state_name(state)))
        if (state++ == FUNCTION_FAILED)
            return refuse("state", err);
    member = json_member(root, "update");
    enum function_update update = FUNCTION_UPDATE_NONE;
    while (!json_string_is(member, function_update_name(update)))
        if (update++ == FUNCTION_UPDATE_IN_PROGRESS)
            return refuse("update", err);
    function->state = state;
    function->update = update;
    return true;
}

static bool decode_environment(struct json_value root, struct function *function, struct err *err) {
    struct json_value environment = json_member(root, "environment");
    function->has_environment = json_is_present(environment);
    if (!function->has_environment)
        return true;
    if (json_type_of(environment) != JSON_OBJECT)
        return refuse("environment", err);
    function->variables = mem_alloc_array(json_size(environment), sizeof *function->variables);
    struct json_value key, value;
    for (uint32_t cursor = 0; json_each(environment, &cursor, &key, &value);) {
        struct function_variable *variable = &function->variables[function->variable_count++];
        variable->name = json_string(key);
        variable->value = json_string(value);
        if (!variable->name || !variable->value)
            return refuse("environment", err);
    }
    return true;
}

bool function_decode(const char *text, size_t len, struct function **ret_function, struct err *err) {
    struct json_doc doc;
    if (!json_parse(&doc, text, len, STORED_MAX_TOKENS, err)) {
        if (err)
            err->code = ERR_CORRUPT;
        return err_wrap(err, "A stored function can't be read");
    }
    struct json_value root = json_root(&doc);
    struct function *function = function_new();
    bool decoded = decode_texts(root, function, err) && decode_reasons(root, function, err) &&
                   decode_numbers(root, function, err) && decode_states(root, function, err) &&
                   decode_environment(root, function, err);
    json_doc_done(&doc);
    if (decoded)
        *ret_function = function;
    else
        function_unref(function);
    return decoded;
}
