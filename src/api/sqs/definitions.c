/* See definitions.h. */
#include "api/sqs/definitions.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/context.h"
#include "base/log.h"
#include "base/mem.h"

#define DOCUMENT_TOKENS 4096

/* ---- the stored form ---- */

void queue_document_done(struct queue_document *document) {
    queue_attributes_done(&document->attributes);
    tags_done(&document->tags);
    free(document->tasks);
    *document = (struct queue_document){0};
}

struct queue_document queue_document_copy(const struct queue_document *document) {
    struct queue_document copy = *document;
    copy.attributes = queue_attributes_copy(&document->attributes);
    copy.tags = tags_copy(&document->tags);
    copy.tasks = document->tasks ? mem_copy(document->tasks, document->task_count * sizeof *copy.tasks)
                                 : NULL;
    return copy;
}

struct move_task *queue_document_add_task(struct queue_document *document) {
    size_t kept = document->task_count < MOVE_TASKS_KEPT ? document->task_count : MOVE_TASKS_KEPT - 1;
    document->task_count = kept + 1;
    document->tasks = mem_resize(document->tasks, document->task_count * sizeof *document->tasks);
    memmove(&document->tasks[1], &document->tasks[0], kept * sizeof *document->tasks);
    return &document->tasks[0];
}

char *queue_document_encode(const struct queue_document *document) {
    OWN(buf) struct buf buf;
    buf_init(&buf, SIZE_MAX); /* its parts have limits */
    struct json_writer json;
    json_writer_init(&json, &buf);
    json_open_object(&json);
    json_key(&json, "Attributes");
    json_open_object(&json);
    queue_attributes_encode(&document->attributes, &json);
    json_close_object(&json);
    json_key(&json, "Tags");
    tags_encode(&document->tags, &buf);
    json.needs_comma = true;
    json_key(&json, "MoveTasks");
    json_open_array(&json);
    for (size_t i = 0; i < document->task_count; i++)
        move_task_encode(&document->tasks[i], &json);
    json_close_array(&json);
    json_put_member_integer(&json, "Created", document->created_s);
    json_put_member_integer(&json, "Modified", document->modified_s);
    json_close_object(&json);
    return buf_take(&buf);
}

static bool decode_tags(struct tags *tags, struct json_value map, struct err *err) {
    size_t len;
    const char *raw = json_is_present(map) ? json_raw(map, &len) : NULL;
    if (!raw)
        return true;
    OWN_MEM char *text = mem_copy_text(raw, len);
    return tags_decode(text, tags, err);
}

static bool decode_members(struct queue_document *document, struct json_value object, struct err *err) {
    if (!queue_attributes_decode(&document->attributes, json_member(object, "Attributes"), err) ||
        !decode_tags(&document->tags, json_member(object, "Tags"), err))
        return false;
    struct json_value tasks = json_member(object, "MoveTasks"), task;
    if (json_size(tasks) > 0)
        document->tasks = mem_alloc_array(json_size(tasks), sizeof *document->tasks);
    for (uint32_t cursor = 0; json_each(tasks, &cursor, NULL, &task);)
        if (!move_task_decode(task, &document->tasks[document->task_count++]))
            return err_set(err, ERR_CORRUPT, "a move task of a queue can't be read");
    return (json_integer(json_member(object, "Created"), &document->created_s) &&
            json_integer(json_member(object, "Modified"), &document->modified_s)) ||
           err_set(err, ERR_CORRUPT, "a queue has no times");
}

static bool decode(const char *text, struct queue_document *ret_document, struct err *err) {
    struct json_doc doc;
    if (!json_parse(&doc, text, strlen(text), DOCUMENT_TOKENS, err))
        return false;
    struct queue_document document = {0};
    bool ok = decode_members(&document, json_root(&doc), err);
    json_doc_done(&doc);
    if (ok)
        *ret_document = document;
    else
        queue_document_done(&document);
    return ok;
}

struct record_key definitions_record(const struct queue_location *location) {
    return (struct record_key){
        .account = location->account, .scope = "", .kind = QUEUE_RECORD_KIND, .name = location->name};
}

/* ---- what the engine is told ---- */

static struct queue_definition *find_dead_letter(const struct sqs *sqs,
                                                 const struct queue_definition *definition) {
    struct queue_location location;
    return location_from_arn(definition->redrive.target_arn, sqs->api->options.region, &location)
               ? definitions_find(sqs, &location)
               : NULL;
}

/* A dead letter queue that does not exist (any more) is none: messages then stay where they are, as on
 * AWS. */
static void configure(const struct sqs *sqs, struct queue_definition *definition) {
    const struct queue_attributes *attributes = &definition->document.attributes;
    char key[QUEUE_KEY_BYTES];
    struct queue_settings settings = {
        .is_fifo = queue_attributes_flag(attributes, QUEUE_FIFO),
        .delay_ms = queue_attributes_number(attributes, QUEUE_DELAY_SECONDS) * 1000,
        .retention_ms = queue_attributes_number(attributes, QUEUE_RETENTION_SECONDS) * 1000,
    };
    const struct queue_definition *dead_letter = find_dead_letter(sqs, definition);
    if (dead_letter) {
        location_key(&dead_letter->location, key);
        settings.max_receives = definition->redrive.max_receives;
        settings.dead_letter_key = key;
    }
    if (definition->queue)
        queue_configure(definition->queue, &settings);
}

/* The queue of that ARN, and those that it is the dead letter queue of: whether it exists may have changed.
 */
static void configure_around(struct sqs *sqs, const char *arn) {
    size_t cursor = 0;
    const char *key;
    void *item;
    while (map_next(&sqs->definitions, &cursor, &key, &item)) {
        struct queue_definition *definition = item;
        if (strcmp(definition->arn, arn) == 0 || strcmp(definition->redrive.target_arn, arn) == 0)
            configure(sqs, definition);
    }
}

/* ---- memory ---- */

struct queue_definition *definitions_find(const struct sqs *sqs, const struct queue_location *location) {
    char key[QUEUE_KEY_BYTES];
    location_key(location, key);
    struct queue_definition *definition = map_get(&sqs->definitions, key);
    return definition && definition->queue ? definition : NULL;
}

static void definition_free(struct queue_definition *definition) {
    if (!definition)
        return;
    assert(!definition->run);
    policy_free(definition->policy);
    queue_document_done(&definition->document);
    free(definition);
}

static void set_document(struct queue_definition *definition, struct queue_document document) {
    queue_document_done(&definition->document);
    definition->document = document;
    policy_free(definition->policy);
    definition->policy = NULL;
    const char *text = queue_attributes_text(&document.attributes, QUEUE_POLICY);
    const char *redrive = queue_attributes_text(&document.attributes, QUEUE_REDRIVE_POLICY);
    struct err err;
    if (!redrive || !redrive_parse(redrive, &definition->redrive, NULL))
        definition->redrive = (struct redrive){0};
    if (text && !policy_parse(text, strlen(text), POLICY_RESOURCE, &definition->policy, &err))
        log_error("sqs.policy_unreadable", "queue=%s text=\"%s\"", definition->arn, err.text);
}

static struct queue_definition *add(struct sqs *sqs, const struct queue_location *location) {
    struct queue_definition *definition = mem_alloc(sizeof *definition);
    char key[QUEUE_KEY_BYTES];
    location_key(location, key);
    definition->location = *location;
    location_arn(location, sqs->api->options.region, definition->arn);
    definition->queue = queues_get(sqs->queues, key);
    map_put(&sqs->definitions, key, definition);
    return definition;
}

static bool take_record(struct sqs *sqs, const struct queue_location *location, const char *text,
                        struct err *err) {
    char key[QUEUE_KEY_BYTES];
    struct queue_document document;
    if (!decode(text, &document, err))
        return err_wrap(err, "queue %s of account %s", location->name, location->account);
    location_key(location, key);
    struct queue_definition *definition = map_get(&sqs->definitions, key);
    set_document(definition ? definition : add(sqs, location), document);
    return true;
}

void definitions_refresh(struct sqs *sqs, const struct queue_location *location) {
    const struct record_key record = definitions_record(location);
    const char *text = records_get(&sqs->api->records, &record);
    char key[QUEUE_KEY_BYTES];
    char arn[QUEUE_ARN_BYTES];
    struct err err;
    location_key(location, key);
    if (!text)
        definition_free(map_remove(&sqs->definitions, key));
    else if (!take_record(sqs, location, text, &err))
        log_error("sqs.record_unreadable", "queue=%s text=\"%s\"", location->name, err.text);
    location_arn(location, sqs->api->options.region, arn);
    configure_around(sqs, arn);
}

struct queue_definition *definitions_reopen(struct sqs *sqs, const struct queue_location *location) {
    char key[QUEUE_KEY_BYTES];
    location_key(location, key);
    struct queue_definition *definition = map_get(&sqs->definitions, key);
    if (!definition || definition->queue)
        return NULL;
    definition->queue = queues_get(sqs->queues, key);
    configure_around(sqs, definition->arn);
    return definition;
}

/* ---- start and end ---- */

bool definitions_load(struct sqs *sqs, struct err *err) {
    const struct records *records = &sqs->api->records;
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = records->items[i];
        struct queue_location location = {0};
        if (strcmp(record->key.kind, QUEUE_RECORD_KIND) != 0 || record->key.scope[0] ||
            strlen(record->key.account) >= sizeof location.account ||
            strlen(record->key.name) >= sizeof location.name)
            continue;
        snprintf(location.account, sizeof location.account, "%s", record->key.account);
        snprintf(location.name, sizeof location.name, "%s", record->key.name);
        if (!take_record(sqs, &location, record->document, err))
            return false;
    }
    size_t cursor = 0;
    const char *key;
    void *definition;
    while (map_next(&sqs->definitions, &cursor, &key, &definition))
        configure(sqs, definition);
    return true;
}

void definitions_done(struct sqs *sqs) {
    size_t cursor = 0;
    const char *key;
    void *definition;
    while (map_next(&sqs->definitions, &cursor, &key, &definition))
        definition_free(definition);
    map_done(&sqs->definitions);
}
