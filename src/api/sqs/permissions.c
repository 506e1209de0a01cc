/* AddPermission and RemovePermission: statements of the queue's policy, by their labels. The policy that they
 * make is the service's: version 2008-10-17, the principals as root users of their accounts, lists of one as
 * plain values. */
#include <ctype.h>
#include <string.h>

#include "api/sqs/handlers.h"
#include "api/sqs/request.h"
#include "base/limits.h"
#include "base/mem.h"

#define LABEL_CHARS 80
#define ACTIONS_PER_STATEMENT 7 /* SQS API, AddPermission */
#define ACCOUNTS_PER_STATEMENT 50
#define STATEMENTS 20
#define POLICY_TOKENS 20000

/* The policy as it is, or nothing; the next one is written into `buf`. */
struct rewrite {
    struct json_doc doc;
    struct json_value statements;
    struct buf buf;
    struct json_writer json;
};

static void rewrite_done(struct rewrite *rewrite) {
    json_doc_done(&rewrite->doc);
    buf_done(&rewrite->buf);
}

/* Everything of the old policy but its statements, up to the beginning of those. */
static void rewrite_begin(struct rewrite *rewrite, const struct queue_definition *definition) {
    const char *text = queue_attributes_text(&definition->document.attributes, QUEUE_POLICY);
    struct json_value root = {0}, key, value;
    *rewrite = (struct rewrite){0};
    buf_init(&rewrite->buf, LIMIT_POLICY_BYTES);
    json_writer_init(&rewrite->json, &rewrite->buf);
    json_open_object(&rewrite->json);
    if (text && json_parse(&rewrite->doc, text, strlen(text), POLICY_TOKENS, NULL))
        root = json_root(&rewrite->doc);
    rewrite->statements = json_member(root, "Statement");
    for (uint32_t cursor = 0; json_each(root, &cursor, &key, &value);)
        if (!json_string_is(key, "Statement")) {
            OWN_MEM char *name = json_string(key);
            json_put_member_value(&rewrite->json, name, value);
        }
    if (!json_is_present(root)) {
        OWN_MEM char *id = mem_format("%s/SQSDefaultPolicy", definition->arn);
        json_put_member(&rewrite->json, "Version", "2008-10-17");
        json_put_member(&rewrite->json, "Id", id);
    }
    json_key(&rewrite->json, "Statement");
    json_open_array(&rewrite->json);
}

/* One statement may stand without a list. */
static bool next_statement(const struct rewrite *rewrite, uint32_t *cursor, struct json_value *ret_value) {
    if (!json_is_present(rewrite->statements) || json_type_of(rewrite->statements) != JSON_OBJECT)
        return json_each(rewrite->statements, cursor, NULL, ret_value);
    *ret_value = rewrite->statements;
    return (*cursor)++ == 0;
}

/* Copies all statements but the one of that label; gives how many were kept, and whether there was one. */
static size_t copy_statements(struct rewrite *rewrite, const char *label, bool *ret_found) {
    struct json_value statement;
    size_t kept = 0;
    *ret_found = false;
    for (uint32_t cursor = 0; next_statement(rewrite, &cursor, &statement);) {
        if (json_string_is(json_member(statement, "Sid"), label)) {
            *ret_found = true;
            continue;
        }
        json_put_value(&rewrite->json, statement);
        kept++;
    }
    return kept;
}

/* What is too long to be read as a policy would be none. */
static bool rewrite_end(struct rewrite *rewrite, struct queue_document *document, struct err *err) {
    struct policy *policy;
    json_close_array(&rewrite->json);
    json_close_object(&rewrite->json);
    if (!buf_ok(&rewrite->buf))
        return err_set(err, ERR_LIMIT, "The policy would have more than %u bytes.", LIMIT_POLICY_BYTES);
    if (!policy_parse(rewrite->buf.data, rewrite->buf.len, POLICY_RESOURCE, &policy, err)) {
        err->code = ERR_LIMIT;
        return false;
    }
    policy_free(policy);
    free(document->attributes.texts[QUEUE_POLICY]);
    document->attributes.texts[QUEUE_POLICY] = buf_take(&rewrite->buf);
    return true;
}

static bool refuse(const char *value, const char *parameter, const char *reason, struct err *err) {
    return err_set(err, ERR_PARAMETER, "Value %s for parameter %s is invalid. Reason: %s", value, parameter,
                   reason);
}

/* ---- AddPermission ---- */

static bool check_label(const char *label, struct err *err) {
    size_t len = strlen(label);
    bool is_fine = len >= 1 && len <= LABEL_CHARS;
    for (size_t i = 0; is_fine && i < len; i++)
        is_fine = isalnum((unsigned char)label[i]) || label[i] == '-' || label[i] == '_';
    return is_fine || refuse(label, "Label",
                             "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in "
                             "length.",
                             err);
}

static bool check_account(const char *account, struct err *err) {
    return (strlen(account) == ACCOUNT_BYTES - 1 && strspn(account, "0123456789") == ACCOUNT_BYTES - 1) ||
           refuse(account, "PrincipalId", "Unable to verify.", err);
}

static bool check_action(const char *action, struct err *err) {
    static const char *const shared[] = {
        "*",           "ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes",
        "GetQueueUrl", "ReceiveMessage",          "SendMessage",   "ListDeadLetterSourceQueues",
        "PurgeQueue",
    };
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++)
        if (strcmp(shared[i], action) == 0)
            return true;
    return refuse(action, "ActionName", "Please refer to the appropriate WSDL for a list of valid actions.",
                  err);
}

struct words {
    const char *format; /* of one */
    bool (*check)(const char *text, struct err *err);
};

/* A list, or of one item the item. */
static bool put_items(struct json_writer *json, struct json_value items, const struct words *words,
                      struct err *err) {
    struct json_value item;
    bool is_list = json_size(items) > 1;
    if (is_list)
        json_open_array(json);
    for (uint32_t cursor = 0; json_each(items, &cursor, NULL, &item);) {
        OWN_MEM char *text = json_string(item);
        if (!text || !words->check(text, err))
            return text ? false : err_set(err, ERR_PARAMETER, "An item of a list is null.");
        OWN(buf) struct buf put;
        buf_init(&put, 256);
        buf_append_text(&put, words->format);
        buf_append_text(&put, text);
        buf_append_text(&put, words->check == check_account ? ":root" : "");
        json_put_string(json, buf_text(&put));
    }
    if (is_list)
        json_close_array(json);
    return true;
}

static bool put_statement(struct json_writer *json, const struct api_call *call, const char *label,
                          const char *arn, struct err *err) {
    static const struct words principals = {"arn:aws:iam::", check_account};
    static const struct words actions = {"SQS:", check_action};
    json_open_object(json);
    json_put_member(json, "Sid", label);
    json_put_member(json, "Effect", "Allow");
    json_key(json, "Principal");
    json_open_object(json);
    json_key(json, "AWS");
    if (!put_items(json, input_member(&call->input, "AWSAccountIds"), &principals, err))
        return false;
    json_close_object(json);
    json_key(json, "Action");
    if (!put_items(json, input_member(&call->input, "Actions"), &actions, err))
        return false;
    json_put_member(json, "Resource", arn);
    json_close_object(json);
    return true;
}

static bool check_counts(const struct api_call *call, struct err *err) {
    uint32_t accounts = json_size(input_member(&call->input, "AWSAccountIds"));
    uint32_t actions = json_size(input_member(&call->input, "Actions"));
    if (accounts == 0 || actions == 0)
        return err_set(err, ERR_VALIDATION, "The request must contain the parameter %s.",
                       accounts == 0 ? "AWSAccountIds" : "Actions");
    if (accounts > ACCOUNTS_PER_STATEMENT)
        return err_set(err, ERR_LIMIT, "%u AWSAccountIds were found, maximum allowed is %d.", accounts,
                       ACCOUNTS_PER_STATEMENT);
    return actions <= ACTIONS_PER_STATEMENT ||
           err_set(err, ERR_LIMIT, "%u Actions were found, maximum allowed is %d.", actions,
                   ACTIONS_PER_STATEMENT);
}

static bool add_statement(struct rewrite *rewrite, const struct api_call *call, const char *label,
                          const struct queue_definition *definition, struct err *err) {
    bool is_there;
    size_t count = copy_statements(rewrite, label, &is_there);
    if (is_there)
        return refuse(label, "Label", "Already exists.", err);
    if (count >= STATEMENTS)
        return err_set(err, ERR_LIMIT, "%zu statements were found, maximum allowed is %d.", count + 1,
                       STATEMENTS);
    return put_statement(&rewrite->json, call, label, definition->arn, err);
}

static bool add_permission(struct edit *edit, const struct queue_definition *definition,
                           struct queue_document *document, struct err *err) {
    OWN_MEM char *label = sqs_text(edit->call, "Label");
    if (!check_label(label, err) || !check_counts(edit->call, err))
        return false;
    OWN(rewrite) struct rewrite rewrite;
    rewrite_begin(&rewrite, definition);
    return add_statement(&rewrite, edit->call, label, definition, err) &&
           rewrite_end(&rewrite, document, err) && sqs_edit_done(edit);
}

void sqs_add_permission(struct api_call *call) {
    sqs_change(call, add_permission);
}

/* ---- RemovePermission ---- */

static bool remove_permission(struct edit *edit, const struct queue_definition *definition,
                              struct queue_document *document, struct err *err) {
    OWN_MEM char *label = sqs_text(edit->call, "Label");
    OWN(rewrite) struct rewrite rewrite;
    bool is_there;
    rewrite_begin(&rewrite, definition);
    size_t kept = copy_statements(&rewrite, label, &is_there);
    if (!is_there)
        return refuse(label, "Label", "can't find label.", err);
    if (kept == 0) {
        free(take_ptr(document->attributes.texts[QUEUE_POLICY]));
        return sqs_edit_done(edit);
    }
    return rewrite_end(&rewrite, document, err) && sqs_edit_done(edit);
}

void sqs_remove_permission(struct api_call *call) {
    sqs_change(call, remove_permission);
}
