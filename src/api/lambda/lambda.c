/* The state of the service, and the end of values that are no longer current. */
#include "api/lambda/lambda.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "api/lambda/function_code.h"
#include "base/mem.h"

/* How often it is looked whether environments of retired values are gone; never while there are none. */
#define LINGER_LOOK_MS 1000

struct lingering {
    struct list link;
    const struct function *function;
};

static const char *machine_architecture(void) {
    struct utsname name;
    uname(&name);
    if (strcmp(name.machine, "x86_64") == 0)
        return "x86_64";
    return strcmp(name.machine, "aarch64") == 0 ? "arm64" : "unknown";
}

static void look_at_lingering(void *arg) {
    struct lambda *lambda = arg;
    list_each (link, &lambda->lingering) {
        struct lingering *lingering = list_item(link, struct lingering, link);
        const struct function *function = lingering->function;
        if (function->references > 1 || invoke_has_epoch(lambda->api->invoke, function))
            continue;
        list_remove(&lingering->link);
        function_code_unuse(&lambda->codes, function);
        function_unref(function);
        free(lingering);
    }
    if (!list_is_empty(&lambda->lingering))
        loop_timer_start(lambda->linger_timer, LINGER_LOOK_MS);
}

struct lambda *lambda_new(struct api *api) {
    struct lambda *lambda = mem_alloc(sizeof *lambda);
    lambda->api = api;
    lambda->machine = machine_architecture();
    turns_init(&lambda->turns);
    list_init(&lambda->lingering);
    lambda->linger_timer = loop_timer_new(api->loop, look_at_lingering, lambda);
    catalogue_init(&lambda->catalogue, api->options.region);
    code_store_init(&lambda->codes, api->loop, api->options.blob_dir, api->options.code_dir,
                    &api->background);
    return lambda;
}

void lambda_free(struct lambda *lambda) {
    if (!lambda)
        return;
    list_each (link, &lambda->lingering) {
        struct lingering *lingering = list_item(link, struct lingering, link);
        function_unref(lingering->function);
        free(lingering);
    }
    loop_timer_free(lambda->linger_timer);
    catalogue_done(&lambda->catalogue);
    code_store_done(&lambda->codes);
    free(lambda);
}

void lambda_set_latest(struct lambda *lambda, struct catalogue_entry *entry, struct function *latest) {
    struct function *old = entry->latest;
    if (latest) {
        function_code_use(&lambda->codes, latest);
        invoke_expect(lambda->api->invoke, latest);
    }
    entry->latest = latest;
    if (!old)
        return;
    function_code_unuse(&lambda->codes, old);
    function_unref(old);
}

void lambda_set_runnable(struct lambda *lambda, struct catalogue_entry *entry,
                         const struct function *runnable) {
    const struct function *old = entry->runnable;
    if (runnable)
        function_code_use(&lambda->codes, runnable);
    entry->runnable = runnable;
    if (old)
        lambda_retire(lambda, old);
}

void lambda_retire(struct lambda *lambda, const struct function *function) {
    invoke_retire(lambda->api->invoke, function);
    struct lingering *lingering = mem_alloc(sizeof *lingering);
    lingering->function = function;
    list_push_back(&lambda->lingering, &lingering->link);
    loop_timer_start(lambda->linger_timer, 0); /* whoever retires it may have a reference until then */
}
