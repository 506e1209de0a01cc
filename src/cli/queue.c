/* lamb queue: shows the queues of a running daemon with what is in them, and how old the oldest of it is.
 * lamb queue redrive NAME: moves what is in a dead letter queue back to where it came from.
 *
 * Both ask the daemon over its public API, with the root key of its data directory. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "cli/command.h"
#include "cli/data_dir.h"
#include "http/client.h"
#include "sys/fs.h"

#define ACCESS_FILE_BYTES 4096
#define ANSWER_BYTES (4u * 1024 * 1024)
#define MAX_TOKENS 100000u
#define TIMEOUT_MS 30000
#define PAGE 1000

/* Where the daemon is and who asks; the values lie in `text`. */
struct access {
    char *text;
    const char *key_id;
    const char *secret;
    const char *region;
    const char *url;
};

static void access_done(struct access *access) {
    if (access->text)
        mem_wipe(access->text, strlen(access->text));
    free(access->text);
}

static bool read_access(const char *dir, struct access *access, struct err *err) {
    const struct {
        const char *name;
        const char **value;
    } rows[] = {{"AWS_ACCESS_KEY_ID=", &access->key_id},
                {"AWS_SECRET_ACCESS_KEY=", &access->secret},
                {"AWS_REGION=", &access->region},
                {"AWS_ENDPOINT_URL=", &access->url}};
    OWN_MEM char *path = fs_join(dir, "access");
    struct buf text;
    buf_init(&text, ACCESS_FILE_BYTES);
    if (!fs_read(path, &text, err)) {
        buf_done(&text);
        return err_wrap(err, "was lamb serve started with this data directory? see --data-dir");
    }
    char *left = access->text = buf_take(&text);
    for (char *line = strsep(&left, "\n"); line; line = strsep(&left, "\n"))
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
            if (strncmp(line, rows[i].name, strlen(rows[i].name)) == 0)
                *rows[i].value = line + strlen(rows[i].name);
    return (access->key_id && access->secret && access->region && access->url) ||
           err_set(err, ERR_CORRUPT, "%s lacks the key or the address", path);
}

/* One operation of SQS. */
static bool ask(const struct access *access, const char *operation, const struct buf *body,
                struct buf *answer, struct err *err) {
    OWN_MEM char *target = mem_format("AmazonSQS.%s", operation);
    OWN_MEM char *url = mem_format("%s/", access->url);
    const struct http_client_request request = {
        .method = "POST",
        .url = url,
        .sign_service = "sqs",
        .sign_region = access->region,
        .sign_access_key = access->key_id,
        .sign_secret = access->secret,
        .content_type = "application/x-amz-json-1.0",
        .target = target,
        .body = body->data,
        .body_len = body->len,
        .timeout_ms = TIMEOUT_MS,
    };
    int status;
    buf_clear(answer);
    if (!http_client_run(&request, &status, answer, err))
        return false;
    return status == 200 ||
           err_set(err, ERR_IO, "%s was answered with %d: %s", operation, status, buf_text(answer));
}

static bool ask_with(const struct access *access, const char *operation, const char *member,
                     const char *value, struct buf *answer, struct err *err) {
    OWN(buf) struct buf body;
    struct json_writer writer;
    buf_init(&body, ANSWER_BYTES);
    json_writer_init(&writer, &body);
    json_open_object(&writer);
    json_put_member(&writer, member, value);
    if (strcmp(operation, "ListQueues") == 0)
        json_put_member_integer(&writer, "MaxResults", PAGE);
    if (strcmp(operation, "GetQueueAttributes") == 0) {
        json_key(&writer, "AttributeNames");
        json_open_array(&writer);
        json_put_string(&writer, "All");
        json_close_array(&writer);
    }
    json_close_object(&writer);
    return ask(access, operation, &body, answer, err);
}

/* ---- the list ---- */

static bool print_queue(const struct access *access, const char *url, struct err *err) {
    static const char *const names[] = {"ApproximateNumberOfMessages",
                                        "ApproximateNumberOfMessagesNotVisible",
                                        "ApproximateNumberOfMessagesDelayed"};
    OWN(buf) struct buf answer;
    struct json_doc doc = {0};
    buf_init(&answer, ANSWER_BYTES);
    if (!ask_with(access, "GetQueueAttributes", "QueueUrl", url, &answer, err) ||
        !json_parse(&doc, answer.data, answer.len, MAX_TOKENS, err))
        return false;
    struct json_value attributes = json_member(json_root(&doc), "Attributes");
    const char *name = strrchr(url, '/');
    printf("%-40s", name ? name + 1 : url);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        OWN_MEM char *number = json_string(json_member(attributes, names[i]));
        printf(" %10s", number ? number : "-");
    }
    putchar('\n');
    json_doc_done(&doc);
    return true;
}

/* One page; *next_token is that of the next one, NULL after the last. */
static bool print_page(const struct access *access, char **next_token, struct err *err) {
    OWN(buf) struct buf answer;
    struct json_doc doc = {0};
    buf_init(&answer, ANSWER_BYTES);
    if (!ask_with(access, "ListQueues", "NextToken", *next_token, &answer, err) ||
        !json_parse(&doc, answer.data, answer.len, MAX_TOKENS, err))
        return false;
    uint32_t cursor = 0;
    struct json_value url;
    bool ok = true;
    while (ok && json_each(json_member(json_root(&doc), "QueueUrls"), &cursor, NULL, &url)) {
        OWN_MEM char *text = json_string(url);
        ok = text && print_queue(access, text, err);
    }
    free(*next_token);
    *next_token = json_string(json_member(json_root(&doc), "NextToken"));
    json_doc_done(&doc);
    return ok;
}

/* The number on the line "NAME{LABELS} NUMBER" of /metrics; "?" when there is none. */
static const char *find_metric(const char *metrics, const char *family, const char *labels,
                               char ret_number[32]) {
    OWN_MEM char *start = mem_format("\n%s{%s} ", family, labels);
    const char *line = strstr(metrics, start);
    const char *number = line ? line + strlen(start) : "?";
    snprintf(ret_number, 32, "%.*s", (int)strcspn(number, "\n"), number);
    return ret_number;
}

/* What the API has no names for, and how old the oldest is of each kind. */
static void print_kinds(const char *metrics) {
    static const char *const kinds[][2] = {
        {"async", "(events of functions)"}, {"deliver", "(results on their way)"}, {"sqs", "(all queues)"}};
    static const char *const states[] = {"visible", "in-flight", "delayed"};
    char number[32];
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        printf("%-40s", kinds[i][1]);
        for (size_t j = 0; j < sizeof states / sizeof states[0]; j++) {
            OWN_MEM char *labels = mem_format("kind=\"%s\",state=\"%s\"", kinds[i][0], states[j]);
            printf(" %10s", find_metric(metrics, "lamb_queue_messages", labels, number));
        }
        OWN_MEM char *labels = mem_format("kind=\"%s\"", kinds[i][0]);
        printf(" %12s\n", find_metric(metrics, "lamb_queue_oldest_seconds", labels, number));
    }
}

static bool print_all(const struct access *access, struct err *err) {
    OWN(buf) struct buf metrics;
    OWN_MEM char *url = mem_format("%s/metrics", access->url);
    OWN_MEM char *next_token = NULL;
    const struct http_client_request request = {.method = "GET", .url = url, .timeout_ms = TIMEOUT_MS};
    int status;
    buf_init(&metrics, ANSWER_BYTES);
    printf("%-40s %10s %10s %10s %12s\n", "QUEUE", "VISIBLE", "IN FLIGHT", "DELAYED", "OLDEST (S)");
    do {
        if (!print_page(access, &next_token, err))
            return false;
    } while (next_token);
    if (!http_client_run(&request, &status, &metrics, err))
        return false;
    if (status == 200) /* otherwise the setting `metrics` is off */
        print_kinds(buf_text(&metrics));
    return true;
}

/* ---- redrive ---- */

/* One member of the answer, or of the object `within` in it. */
static bool ask_text(const struct access *access, const char *operation, const char *member,
                     const char *value, const char *within, const char *wanted, char **ret_text,
                     struct err *err) {
    OWN(buf) struct buf answer;
    struct json_doc doc = {0};
    buf_init(&answer, ANSWER_BYTES);
    if (!ask_with(access, operation, member, value, &answer, err) ||
        !json_parse(&doc, answer.data, answer.len, MAX_TOKENS, err))
        return false;
    struct json_value object = json_root(&doc);
    *ret_text = json_string(json_member(within ? json_member(object, within) : object, wanted));
    json_doc_done(&doc);
    return *ret_text || err_set(err, ERR_SYNTAX, "the answer to %s has no %s", operation, wanted);
}

static bool redrive(const struct access *access, const char *name, struct err *err) {
    OWN_MEM char *url = NULL;
    OWN_MEM char *arn = NULL;
    OWN_MEM char *handle = NULL;
    if (!ask_text(access, "GetQueueUrl", "QueueName", name, NULL, "QueueUrl", &url, err) ||
        !ask_text(access, "GetQueueAttributes", "QueueUrl", url, "Attributes", "QueueArn", &arn, err) ||
        !ask_text(access, "StartMessageMoveTask", "SourceArn", arn, NULL, "TaskHandle", &handle, err))
        return false;
    printf("messages of %s are being moved; lamb queue shows what is left\n", name);
    return true;
}

int command_queue(const char *const args[]) {
    const char *rest[8] = {0};
    for (size_t i = 0; i < 7 && args[i]; i++)
        rest[i] = args[i];
    OWN_MEM char *dir = data_dir_take(rest);
    if (!dir)
        return 2;
    bool is_redrive = rest[0] && strcmp(rest[0], "redrive") == 0 && rest[1] && !rest[2];
    if (rest[0] && !is_redrive) {
        fprintf(stderr, "usage: lamb queue [--data-dir DIR] [redrive NAME]\n");
        return 2;
    }
    OWN(access) struct access access = {0};
    struct err err;
    if (read_access(dir, &access, &err) &&
        (is_redrive ? redrive(&access, rest[1], &err) : print_all(&access, &err)))
        return 0;
    fprintf(stderr, "lamb queue: %s\n", err.text);
    return 1;
}
