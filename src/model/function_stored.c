/* The stored form of a function. A start reads tens of thousands of them, so it is made to be read in one
 * pass and without searching: entries one after the other, each the key of a field (a letter, in the table of
 * function_fields.c), the length of its value, a colon, and the value, which needs no escapes:
 *
 *   c64:e3b0c4...b855b3:276R10:python3.12h11:app.handlerr32:arn:aws:iam::000000000000:role/rd0:
 *   a6:x86_64m3:128t1:3e3:512V0:s6:ActiveT16:1764037610123456i36:0bd55a3c-3c2a-4a3a-8b1c-0c3c1a2b3c4d
 *
 * (in one line). Texts stand for themselves, enums and reasons by their names, numbers in decimal, a flag
 * that is set as an entry without a value. Variables and layers are lists of texts, each with its length and
 * a colon in front: NAME, VALUE, NAME, VALUE, ... and ARN, digest, size, unzipped size, ARN, ... A text that
 * is not there, 0, false and the first of an enum's names are left out.
 *
 * An entry that is unknown, doesn't fit its field or stands there twice makes the whole corrupt, since nobody
 * but function_encode() writes it; so does the absence of those every function has. */
#include "model/function_stored.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/shared.h"
#include "model/function_fields.h"

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

/* ---- writing ---- */

static void put_bytes(struct buf *buf, const char *bytes, size_t len) {
    buf_append_number(buf, (long long)len);
    buf_append_byte(buf, ':');
    buf_append(buf, bytes, len);
}

static void put_text(struct buf *buf, const char *text) {
    put_bytes(buf, text, strlen(text));
}

static void put_entry(struct buf *buf, const struct function_field *field, const char *text) {
    if (!text)
        return;
    buf_append_byte(buf, field->key);
    put_text(buf, text);
}

static void put_number(struct buf *buf, const struct function_field *field, uint64_t number) {
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    put_entry(buf, field, number ? text : NULL);
}

/* An entry whose value is a list that was written to `list`. */
static void put_list(struct buf *buf, const struct function_field *field, const struct buf *list) {
    if (!buf_ok(list))
        buf->overflowed = true;
    if (list->len == 0)
        return;
    buf_append_byte(buf, field->key);
    put_bytes(buf, list->data, list->len);
}

static void put_variables(struct buf *buf, const struct function_field *field,
                          const struct function *function) {
    OWN(buf) struct buf list;
    buf_init(&list, buf->limit);
    for (size_t i = 0; i < function->variable_count; i++) {
        put_text(&list, function->variables[i].name);
        put_text(&list, function->variables[i].value);
    }
    put_list(buf, field, &list);
}

static void put_layers(struct buf *buf, const struct function_field *field, const struct function *function) {
    OWN(buf) struct buf list;
    buf_init(&list, buf->limit);
    for (size_t i = 0; i < function->layer_count; i++) {
        char size[24], unzipped[24];
        snprintf(size, sizeof size, "%" PRIu64, function->layers[i].size_bytes);
        snprintf(unzipped, sizeof unzipped, "%" PRIu64, function->layers[i].unzipped_bytes);
        put_text(&list, function->layers[i].arn);
        put_text(&list, function->layers[i].digest);
        put_text(&list, size);
        put_text(&list, unzipped);
    }
    put_list(buf, field, &list);
}

static void put_field(struct buf *buf, const struct function *function, const struct function_field *field) {
    const void *place = field_in(function, field);
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_REASON: put_entry(buf, field, field_shared(function, field)); break;
    case FIELD_INNER: put_entry(buf, field, place); break;
    case FIELD_SMALL: put_number(buf, field, *(const uint32_t *)place); break;
    case FIELD_LARGE: put_number(buf, field, *(const uint64_t *)place); break;
    case FIELD_FLAG: put_entry(buf, field, *(const bool *)place ? "" : NULL); break;
    case FIELD_WORD: {
        unsigned value = *(const unsigned *)place;
        put_entry(buf, field, value ? field->names[value] : NULL);
        break;
    }
    case FIELD_VARIABLES: put_variables(buf, field, function); break;
    case FIELD_LAYERS: put_layers(buf, field, function); break;
    }
}

void function_encode(const struct function *function, struct buf *buf) {
    for (size_t i = 0; i < function_field_count; i++)
        put_field(buf, function, &function_fields[i]);
}

/* ---- reading ---- */

struct bytes {
    const char *at;
    size_t len;
};

static bool is_text(struct bytes bytes, const char *text) {
    return strncmp(text, bytes.at, bytes.len) == 0 && text[bytes.len] == '\0';
}

/* Digits alone, and no more than fit. */
static bool read_number(struct bytes value, uint64_t limit, uint64_t *ret_number) {
    uint64_t number = 0;
    for (size_t i = 0; i < value.len; i++) {
        unsigned digit = (unsigned char)value.at[i] - (unsigned)'0';
        if (digit > 9 || digit > limit || number > (limit - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *ret_number = number;
    return value.len > 0;
}

/* Takes "LENGTH:BYTES" from the front of `rest`. */
static bool take(struct bytes *rest, struct bytes *ret_value) {
    const char *colon = memchr(rest->at, ':', rest->len);
    uint64_t len;
    if (!colon || !read_number((struct bytes){rest->at, (size_t)(colon - rest->at)}, rest->len, &len))
        return false;
    size_t left = rest->len - (size_t)(colon + 1 - rest->at);
    if (len > left)
        return false;
    *ret_value = (struct bytes){colon + 1, len};
    *rest = (struct bytes){colon + 1 + len, left - len};
    return true;
}

/* How many texts a list has; false when it is none. */
static bool count_texts(struct bytes list, size_t *ret_count) {
    struct bytes text;
    for (*ret_count = 0; list.len > 0; ++*ret_count)
        if (!take(&list, &text))
            return false;
    return true;
}

/* Copies a text of a list to `space` and moves that behind it. A NUL needs no more room than the length and
 * the colon had. */
static const char *copy(struct bytes text, char **space) {
    char *place = *space;
    memcpy(place, text.at, text.len);
    *space += text.len + 1;
    return place;
}

struct reading {
    struct function *function;
    const struct function *sibling;
};

static bool has_variables(const struct function *function, struct bytes list, size_t count) {
    struct bytes name, value;
    bool is_same = function && function->variable_count == count;
    for (size_t i = 0; is_same && i < count; i++)
        is_same = take(&list, &name) && take(&list, &value) && is_text(name, function->variables[i].name) &&
                  is_text(value, function->variables[i].value);
    return is_same;
}

static bool read_variables(const struct reading *reading, struct bytes list) {
    size_t texts;
    if (!count_texts(list, &texts) || texts % 2 != 0)
        return false;
    size_t count = reading->function->variable_count = texts / 2;
    if (has_variables(reading->sibling, list, count)) {
        reading->function->variables = shared_hold(reading->sibling->variables);
        return true;
    }
    struct function_variable *variables = shared_new(count * sizeof *variables + list.len);
    char *space = (char *)(variables + count);
    struct bytes name, value;
    for (size_t i = 0; i < count && take(&list, &name) && take(&list, &value); i++) {
        variables[i].name = copy(name, &space);
        variables[i].value = copy(value, &space);
    }
    reading->function->variables = variables;
    return true;
}

struct layer_texts {
    struct bytes arn, digest, size, unzipped;
};

static bool take_layer(struct bytes *list, struct layer_texts *texts) {
    return take(list, &texts->arn) && take(list, &texts->digest) && take(list, &texts->size) &&
           take(list, &texts->unzipped);
}

static bool has_layers(const struct function *function, struct bytes list, size_t count) {
    struct layer_texts texts;
    bool is_same = function && function->layer_count == count;
    for (size_t i = 0; is_same && i < count; i++)
        is_same = take_layer(&list, &texts) && is_text(texts.arn, function->layers[i].arn) &&
                  is_text(texts.digest, function->layers[i].digest);
    return is_same;
}

static bool read_inner(struct bytes value, char *place, size_t size) {
    if (value.len >= size)
        return false;
    memcpy(place, value.at, value.len);
    place[value.len] = '\0';
    return true;
}

static bool read_layers(const struct reading *reading, struct bytes list) {
    size_t texts;
    if (!count_texts(list, &texts) || texts % 4 != 0)
        return false;
    size_t count = reading->function->layer_count = texts / 4;
    if (has_layers(reading->sibling, list, count)) {
        reading->function->layers = shared_hold(reading->sibling->layers);
        return true;
    }
    struct function_layer *layers = shared_new(count * sizeof *layers + list.len);
    char *space = (char *)(layers + count);
    reading->function->layers = layers;
    struct layer_texts parts;
    for (size_t i = 0; i < count && take_layer(&list, &parts); i++) {
        layers[i].arn = copy(parts.arn, &space);
        if (!read_inner(parts.digest, layers[i].digest, sizeof layers[i].digest) ||
            !read_number(parts.size, INT64_MAX, &layers[i].size_bytes) ||
            !read_number(parts.unzipped, INT64_MAX, &layers[i].unzipped_bytes))
            return false;
    }
    return true;
}

static bool read_text(const struct reading *reading, const struct function_field *field, struct bytes value) {
    const char **place = field_of(reading->function, field);
    const char *other = reading->sibling ? field_shared(reading->sibling, field) : NULL;
    *place = other && is_text(value, other) ? shared_hold(other) : shared_text_bytes(value.at, value.len);
    return true;
}

static bool read_reason(struct bytes value, const char **place) {
    for (size_t i = 0; i < sizeof known_reasons / sizeof known_reasons[0]; i++)
        if (is_text(value, known_reasons[i]))
            *place = known_reasons[i];
    return *place != NULL;
}

static bool read_small(struct bytes value, uint32_t *place) {
    uint64_t number;
    if (!read_number(value, UINT32_MAX, &number))
        return false;
    *place = (uint32_t)number;
    return true;
}

static bool read_word(const struct function_field *field, struct bytes value, unsigned *place) {
    for (unsigned i = 1; i < field->name_count; i++)
        if (is_text(value, field->names[i]))
            *place = i;
    return *place != 0;
}

static bool read_field(const struct reading *reading, const struct function_field *field,
                       struct bytes value) {
    void *place = field_of(reading->function, field);
    switch (field->kind) {
    case FIELD_TEXT: return read_text(reading, field, value);
    case FIELD_INNER: return read_inner(value, place, field->size);
    case FIELD_REASON: return read_reason(value, place);
    case FIELD_SMALL: return read_small(value, place);
    case FIELD_LARGE: return read_number(value, INT64_MAX, place);
    case FIELD_FLAG: return *(bool *)place = value.len == 0;
    case FIELD_WORD: return read_word(field, value, place);
    case FIELD_VARIABLES: return read_variables(reading, value);
    case FIELD_LAYERS: return read_layers(reading, value);
    }
    return false;
}

static bool refuse(const struct function_field *field, struct err *err) {
    return err_set(err, ERR_CORRUPT, "A stored function has no valid %s", field->name);
}

/* The field of a key, looked for behind the one that the last entry was of: encoding has the same order. */
static const struct function_field *find_field(char key, size_t *at) {
    for (size_t i = 0; i < function_field_count; i++, ++*at) {
        const struct function_field *field = &function_fields[*at % function_field_count];
        if (field->key == key)
            return field;
    }
    return NULL;
}

static bool check_required(uint64_t seen, struct err *err) {
    for (size_t i = 0; i < function_field_count; i++)
        if (function_fields[i].is_required && !(seen >> i & 1))
            return refuse(&function_fields[i], err);
    return true;
}

bool function_decode(const char *text, size_t len, const struct function *sibling, struct function *function,
                     struct err *err) {
    const struct reading reading = {function, sibling};
    struct bytes value, rest = {text, len};
    uint64_t seen = 0;
    for (size_t at = 0; rest.len > 0;) {
        const struct function_field *field = find_field(*rest.at++, &at);
        rest.len--;
        if (!field || !take(&rest, &value))
            return err_set(err, ERR_CORRUPT, "A stored function can't be read at byte %zu of %zu",
                           (size_t)(rest.at - text), len);
        uint64_t bit = UINT64_C(1) << (field - function_fields);
        if (seen & bit || !read_field(&reading, field, value))
            return refuse(field, err);
        seen |= bit;
    }
    return check_required(seen, err);
}
