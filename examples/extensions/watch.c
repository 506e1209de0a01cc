/* An extension in C: prints its registration and each event.
 *     watch [INVOKE] [SHUTDOWN] */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define ANSWER_BYTES (64 * 1024)

/* Both directions of the one connection to AWS_LAMBDA_RUNTIME_API. */
struct api {
    FILE *in;
    FILE *out;
    char id[40]; /* of the extension, once it is registered */
    char answer[ANSWER_BYTES];
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void api_open(struct api *api) {
    const char *address = getenv("AWS_LAMBDA_RUNTIME_API");
    char host[64];
    unsigned short port;
    struct sockaddr_in to = {.sin_family = AF_INET};
    const char *colon = address ? strchr(address, ':') : NULL;
    if (!colon)
        fail("AWS_LAMBDA_RUNTIME_API");
    snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
    port = (unsigned short)strtoul(colon + 1, NULL, 10);
    to.sin_port = htons(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        fail(address);
    api->in = fdopen(fd, "r");
    api->out = fdopen(fd, "w");
}

/* Prints the answer's body; the caller finds it in api->answer. */
static void api_call(struct api *api, const char *method, const char *path, const char *header,
                     const char *body) {
    char line[1024];
    size_t length = 0;
    int status = 0;
    fprintf(api->out, "%s /2020-01-01/extension/%s HTTP/1.1\r\nHost: lambda\r\n%s\r\n", method, path, header);
    fprintf(api->out, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
    fflush(api->out);
    while (fgets(line, sizeof line, api->in) && line[0] != '\r') {
        if (strncmp(line, "HTTP/1.1 ", 9) == 0)
            status = atoi(line + 9);
        else if (strncasecmp(line, "Content-Length: ", 16) == 0)
            length = strtoul(line + 16, NULL, 10);
        else if (strncasecmp(line, "Lambda-Extension-Identifier: ", 29) == 0)
            snprintf(api->id, sizeof api->id, "%.36s", line + 29);
    }
    if (length >= sizeof api->answer || fread(api->answer, 1, length, api->in) != length)
        fail(path);
    while (length > 0 && api->answer[length - 1] == '\n')
        length--;
    api->answer[length] = '\0';
    puts(api->answer);
    fflush(stdout);
    if (status != 200)
        exit(1);
}

int main(int argc, char **argv) {
    static struct api api;
    char header[320], wish[128] = "{\"events\":[\"INVOKE\",\"SHUTDOWN\"]}";
    const char *slash = strrchr(argv[0], '/');
    if (argc > 1)
        snprintf(wish, sizeof wish, "{\"events\":[\"%s\"%s%s%s]}", argv[1], argc > 2 ? ",\"" : "",
                 argc > 2 ? argv[2] : "", argc > 2 ? "\"" : "");
    api_open(&api);
    snprintf(header, sizeof header, "Lambda-Extension-Name: %s", slash ? slash + 1 : argv[0]);
    api_call(&api, "POST", "register", header, wish);
    snprintf(header, sizeof header, "Lambda-Extension-Identifier: %s", api.id);
    do
        api_call(&api, "GET", "event/next", header, "");
    while (!strstr(api.answer, "\"eventType\":\"SHUTDOWN\""));
    return 0;
}
