/* See sqs.h. */
#include "api/sqs/sqs.h"

#include "api/context.h"
#include "api/sqs/definitions.h"
#include "api/sqs/move_run.h"
#include "api/sqs/receive.h"
#include "base/log.h"
#include "base/mem.h"

struct strays {
    struct sqs *sqs;
    struct queue *queues[64];
    size_t count;
};

static void find_stray(void *arg, const char *key, struct queue *queue) {
    struct strays *strays = arg;
    struct queue_location location;
    if (strays->count < sizeof strays->queues / sizeof strays->queues[0] &&
        location_from_key(key, &location) && !definitions_find(strays->sqs, &location))
        strays->queues[strays->count++] = queue;
}

static void dropped(void *arg, const struct err *err) {
    (void)arg;
    if (err)
        log_warn("sqs.leftover",
                 "text=\"%s\" effect=\"messages of a deleted queue use disk until the next start\"",
                 err->text);
}

/* Their definition was deleted, and then the daemon was killed. */
static void drop_strays(struct sqs *sqs) {
    struct strays strays = {.sqs = sqs};
    struct err err;
    bool goes_on = true;
    while (goes_on) {
        strays.count = 0;
        queues_each(sqs->queues, find_stray, &strays);
        goes_on = strays.count > 0;
        for (size_t i = 0; goes_on && i < strays.count; i++)
            goes_on = queue_drop(strays.queues[i], dropped, NULL, &err);
    }
    if (strays.count > 0)
        dropped(NULL, &err);
}

/* What was running when the daemon ended. */
static void resume_tasks(struct sqs *sqs) {
    size_t cursor = 0;
    const char *key;
    void *definition;
    while (map_next(&sqs->definitions, &cursor, &key, &definition))
        move_run_start(sqs, definition);
}

bool sqs_new(struct api *api, struct queues *queues, struct sqs **ret_sqs, struct err *err) {
    struct sqs *sqs = mem_alloc(sizeof *sqs);
    sqs->api = api;
    sqs->queues = queues;
    map_init(&sqs->definitions);
    turns_init(&sqs->turns);
    list_init(&sqs->waiting);
    if (!definitions_load(sqs, err)) {
        sqs_free(sqs);
        return false;
    }
    drop_strays(sqs);
    resume_tasks(sqs);
    *ret_sqs = sqs;
    return true;
}

void sqs_drain(struct sqs *sqs) {
    sqs->is_draining = true;
    receive_end_waiting(sqs);
}

void sqs_free(struct sqs *sqs) {
    if (!sqs)
        return;
    size_t cursor = 0;
    const char *key;
    void *item;
    while (map_next(&sqs->definitions, &cursor, &key, &item)) {
        struct queue_definition *definition = item;
        move_run_free(take_ptr(definition->run));
    }
    definitions_done(sqs);
    attempts_free(sqs->attempts);
    free(sqs);
}
