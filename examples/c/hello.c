/* Greets: {"name":"Ada"} gives {"greeting":"Hello, Ada!"}. A real function would use a JSON library of its
 * choice; this one looks for the name by hand. */
#include <lamb.h>

#include <stdio.h>
#include <string.h>

static void hello(const struct lamb_event *event, const struct lamb_context *context,
                  struct lamb_response *response, void *user) {
    (void)user;
    static const char key[] = "\"name\":\"";
    const char *name = strstr(event->data, key);
    const char *end = name == NULL ? NULL : strchr(name + strlen(key), '"');
    if (end == NULL) {
        lamb_fail(response, "Function.NoName", "the event must be {\"name\":\"…\"}");
        return;
    }
    name += strlen(key);
    printf("%s has %lld ms\n", context->request_id, (long long)lamb_remaining_ms(context));
    lamb_respondf(response, "{\"greeting\":\"Hello, %.*s!\"}", (int)(end - name), name);
}

int main(void) {
    return lamb_run(hello, NULL);
}
