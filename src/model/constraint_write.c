/* A checked value as JSON of our own, by its table: for what is kept and answered as it was sent. */
#include "base/mem.h"
#include "model/constraint.h"

static void write_text(struct json_value value, struct json_writer *writer) {
    OWN_MEM char *text = json_string(value);
    json_put_string(writer, text ? text : "");
}

static void write_integer(struct json_value value, struct json_writer *writer) {
    int64_t number;
    if (json_integer(value, &number))
        json_put_integer(writer, number);
    else
        json_put_value(writer, value);
}

static void write_members(const struct constraint *members, struct json_value value,
                          struct json_writer *writer) {
    json_open_object(writer);
    for (const struct constraint *member = members; member->name; member++) {
        struct json_value sent = json_member(value, member->name);
        if (!json_is_present(sent) || json_type_of(sent) == JSON_NULL)
            continue;
        json_key(writer, member->name);
        constraint_write(member, sent, writer);
    }
    json_close_object(writer);
}

static void write_items(const struct constraint *item, struct json_value list, struct json_writer *writer) {
    struct json_value value;
    json_open_array(writer);
    for (uint32_t cursor = 0; json_each(list, &cursor, NULL, &value);)
        constraint_write(item, value, writer);
    json_close_array(writer);
}

static void write_entries(const struct constraint *item, struct json_value map, struct json_writer *writer) {
    struct json_value key, value;
    json_open_object(writer);
    for (uint32_t cursor = 0; json_each(map, &cursor, &key, &value);) {
        OWN_MEM char *name = json_string(key);
        json_key(writer, name ? name : "");
        constraint_write(item, value, writer);
    }
    json_close_object(writer);
}

void constraint_write(const struct constraint *constraint, struct json_value value,
                      struct json_writer *writer) {
    switch (constraint->type) {
    case CONSTRAINT_TEXT:
    case CONSTRAINT_BLOB: write_text(value, writer); break;
    case CONSTRAINT_INTEGER: write_integer(value, writer); break;
    case CONSTRAINT_DOUBLE:
    case CONSTRAINT_BOOLEAN: json_put_value(writer, value); break;
    case CONSTRAINT_LIST: write_items(constraint->item, value, writer); break;
    case CONSTRAINT_MAP: write_entries(constraint->item, value, writer); break;
    case CONSTRAINT_STRUCT: write_members(constraint->members, value, writer); break;
    }
}
