/* GetQueueUrl, ListQueues, ListDeadLetterSourceQueues. A NextToken is the name of the last queue of the page
 * before, in base64. */
#include <stdio.h>
#include <string.h>

#include "api/sqs/answer.h"
#include "api/sqs/handlers.h"
#include "api/sqs/request.h"
#include "base/digest.h"
#include "base/mem.h"

#define TOKEN_BYTES 256

void sqs_get_queue_url(struct api_call *call) {
    struct queue_location location = {0};
    struct err err;
    OWN_MEM char *name = sqs_text(call, "QueueName");
    OWN_MEM char *owner = sqs_text(call, "QueueOwnerAWSAccountId");
    snprintf(location.account, sizeof location.account, "%s", owner ? owner : call->caller->account);
    snprintf(location.name, sizeof location.name, "%s", name);
    if (strlen(name) > LIMIT_QUEUE_NAME_CHARS || !definitions_find(call->api->sqs, &location)) {
        sqs_no_queue(call, &err);
        call_fail(call, &err);
        return;
    }
    OWN_MEM char *url = location_url(&location, call);
    OWN(buf) struct buf body;
    buf_init(&body, ANSWER_BYTES);
    struct answer answer;
    answer_begin(&answer, &body, call);
    answer_text(&answer, "QueueUrl", url);
    answer_end(&answer);
    call_answer(call, &body);
}

/* ---- pages ---- */

struct page {
    const struct api_call *call;
    const char *account;
    char after[TOKEN_BYTES]; /* the last name of the page before */
    int64_t most;
    bool has_token; /* a page that was not asked for has none, and the answer ends */
};

static bool read_token(const char *token, char name[TOKEN_BYTES], struct err *err) {
    size_t len = strlen(token);
    if (digest_base64_decoded_bytes(len) < TOKEN_BYTES && digest_base64_decode(token, len, name, &len) &&
        len > 0 && !memchr(name, '\0', len)) {
        name[len] = '\0';
        return true;
    }
    return err_set(err, ERR_PARAMETER, "Invalid or expired next token.");
}

static bool page_begin(struct page *page, const struct api_call *call, const char *account, struct err *err) {
    static const struct sqs_bounds bounds = {"MaxResults", 1, LIMIT_QUEUE_LIST,
                                             "MaxResults must be an integer between 1 and 1000."};
    *page = (struct page){.call = call, .account = account};
    page->has_token = json_is_present(input_member(&call->input, "MaxResults"));
    if (!sqs_integer(call->input.root, &bounds, LIMIT_QUEUE_LIST, &page->most, err))
        return false;
    OWN_MEM char *token = sqs_text(call, "NextToken");
    return !token || read_token(token, page->after, err);
}

/* Writes the URLs of the queues that `takes` and the token of the page behind them. */
static void page_answer(struct page *page, struct api_call *call, const char *list,
                        bool (*takes)(const struct queue_definition *definition, const void *arg),
                        const void *arg) {
    OWN(buf) struct buf body;
    buf_init(&body, ANSWER_BYTES);
    struct answer answer;
    struct queue_location location = {0};
    const struct record_key first = {
        .account = page->account, .scope = "", .kind = QUEUE_RECORD_KIND, .name = page->after};
    const struct record *record;
    bool is_more = false;
    answer_begin(&answer, &body, call);
    answer_open_list(&answer, list);
    memcpy(location.account, page->account, sizeof location.account);
    for (size_t place = records_after(&call->api->records, &first);
         !is_more && (record = records_at(&call->api->records, place, &first)); place++) {
        snprintf(location.name, sizeof location.name, "%s", record->key.name);
        const struct queue_definition *definition = definitions_find(call->api->sqs, &location);
        if (!definition || !takes(definition, arg))
            continue;
        is_more = page->most == 0;
        if (is_more)
            break;
        OWN_MEM char *url = location_url(&location, call);
        answer_text_item(&answer, "QueueUrl", url);
        snprintf(page->after, sizeof page->after, "%s", location.name);
        page->most--;
    }
    answer_close_list(&answer);
    if (is_more && page->has_token) {
        char token[TOKEN_BYTES * 2];
        digest_base64_encode(page->after, strlen(page->after), token);
        answer_text(&answer, "NextToken", token);
    }
    answer_end(&answer);
    call_answer(call, &body);
}

static bool has_prefix(const struct queue_definition *definition, const void *prefix) {
    return strncmp(definition->location.name, prefix, strlen(prefix)) == 0;
}

void sqs_list_queues(struct api_call *call) {
    struct page page;
    struct err err;
    OWN_MEM char *prefix = sqs_text(call, "QueueNamePrefix");
    if (page_begin(&page, call, call->caller->account, &err))
        page_answer(&page, call, "QueueUrls", has_prefix, prefix ? prefix : "");
    else
        call_fail(call, &err);
}

static bool leads_to(const struct queue_definition *definition, const void *arn) {
    return strcmp(definition->redrive.target_arn, arn) == 0;
}

void sqs_list_dead_letter_source_queues(struct api_call *call) {
    struct page page;
    struct err err;
    const struct queue_definition *definition = sqs_queue(call, &err);
    if (definition && page_begin(&page, call, definition->location.account, &err))
        page_answer(&page, call, "queueUrls", leads_to, definition->arn);
    else
        call_fail(call, &err);
}
