/* A function behind a URL: answers with a small page. */
#include <lamb.h>

#include <string.h>

static void page(const struct lamb_event *event, const struct lamb_context *context,
                 struct lamb_response *response, void *user) {
    static const char answer[] = "{\"statusCode\":200,\"headers\":{\"content-type\":\"text/html\"},"
                                 "\"body\":\"<!doctype html><title>Lamb</title><p>a small page</p>\"}";
    (void)event;
    (void)context;
    (void)user;
    lamb_respond(response, answer, strlen(answer));
}

int main(void) {
    return lamb_run(page, NULL);
}
