/* See policy_document.h. */
#include "api/lambda/policy_document.h"

#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"

/* Names and values in the longest document: no value is shorter than three characters. */
#define DOCUMENT_TOKENS POLICY_DOCUMENT_BYTES

/* ---- one statement ---- */

static bool ends_with(const char *text, const char *end) {
    size_t len = strlen(text);
    size_t end_len = strlen(end);
    return len > end_len && strcmp(text + len - end_len, end) == 0;
}

static bool is_account(const char *text) {
    return strlen(text) == 12 && strspn(text, "0123456789") == 12;
}

/* "arn:<partition>:iam::<account>:..." or of STS, which has the sessions of roles. */
static bool is_identity_arn(const char *text) {
    const char *at = strncmp(text, "arn:", 4) == 0 ? strchr(text + 4, ':') : NULL;
    if (!at || (strncmp(at, ":iam::", 6) != 0 && strncmp(at, ":sts::", 6) != 0))
        return false;
    at += 6;
    return strspn(at, "0123456789") == 12 && at[12] == ':' && at[13];
}

bool policy_document_refuse_principal(struct err *err) {
    return err_set(err, ERR_PARAMETER,
                   "The provided principal was invalid. Please check the principal and try again.");
}

static void put_pair(struct json_writer *writer, const char *key, const char *value) {
    json_open_object(writer);
    json_put_member(writer, key, value);
    json_close_object(writer);
}

static bool write_principal(const struct permission *permission, struct json_writer *writer,
                            struct err *err) {
    const char *principal = permission->principal;
    json_key(writer, "Principal");
    if (strcmp(principal, "*") == 0) {
        json_put_string(writer, principal);
    } else if (ends_with(principal, ".amazonaws.com") || ends_with(principal, ".amazonaws.com.cn")) {
        put_pair(writer, "Service", principal);
    } else if (is_account(principal)) {
        const char *partition = permission->resource + strlen("arn:");
        OWN_MEM char *arn = mem_format("arn:%.*s:iam::%s:root", (int)strcspn(partition, ":"), partition,
                                       principal);
        put_pair(writer, "AWS", arn);
    } else if (is_identity_arn(principal)) {
        put_pair(writer, "AWS", principal);
    } else {
        return policy_document_refuse_principal(err);
    }
    return true;
}

struct condition {
    const char *operation;
    const char *key;
    const char *value; /* NULL: not asked for */
};

/* Rows with the same operator follow each other. */
static void write_conditions(const struct condition *rows, size_t count, struct json_writer *writer) {
    const char *open = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!rows[i].value)
            continue;
        if (!open) {
            json_key(writer, "Condition");
            json_open_object(writer);
        }
        if (!open || strcmp(open, rows[i].operation) != 0) {
            if (open)
                json_close_object(writer);
            open = rows[i].operation;
            json_key(writer, open);
            json_open_object(writer);
        }
        json_put_member(writer, rows[i].key, rows[i].value);
    }
    if (open) {
        json_close_object(writer);
        json_close_object(writer);
    }
}

bool permission_write(const struct permission *permission, struct buf *statement, struct err *err) {
    const struct condition conditions[] = {
        {"StringEquals", "lambda:FunctionUrlAuthType", permission->url_auth_type},
        {"StringEquals", "aws:PrincipalOrgID", permission->organization},
        {"StringEquals", "AWS:SourceAccount", permission->source_account},
        {"StringEquals", "lambda:EventSourceToken", permission->event_source_token},
        {"ArnLike", "AWS:SourceArn", permission->source_arn},
        {"Bool", "lambda:InvokedViaFunctionUrl", permission->via_url},
    };
    struct json_writer writer;
    json_writer_init(&writer, statement);
    json_open_object(&writer);
    json_put_member(&writer, "Sid", permission->sid);
    json_put_member(&writer, "Effect", "Allow");
    if (!write_principal(permission, &writer, err))
        return false;
    json_put_member(&writer, "Action", permission->action);
    json_put_member(&writer, "Resource", permission->resource);
    write_conditions(conditions, sizeof conditions / sizeof conditions[0], &writer);
    json_close_object(&writer);
    return true;
}

/* ---- documents ---- */

/* Our own document: it always has this form. */
static struct json_value open_document(const char *document, struct json_doc *doc) {
    *doc = (struct json_doc){0};
    if (!document || !json_parse(doc, document, strlen(document), DOCUMENT_TOKENS, NULL))
        return (struct json_value){0};
    return json_member(json_root(doc), "Statement");
}

static bool has_sid(struct json_value statement, const char *sid) {
    return sid && json_string_is(json_member(statement, "Sid"), sid);
}

bool policy_document_has(const char *document, const char *sid) {
    struct json_doc doc;
    struct json_value statements = open_document(document, &doc);
    struct json_value statement;
    uint32_t cursor = 0;
    bool found = false;
    while (!found && json_each(statements, &cursor, NULL, &statement))
        found = has_sid(statement, sid);
    json_doc_done(&doc);
    return found;
}

/* The document's statements but the one with that id, then one more; returns how many they are. */
static size_t rewrite(const char *document, const char *without_sid, const char *more,
                      struct buf *ret_document) {
    struct json_doc doc;
    struct json_value statements = open_document(document, &doc);
    struct json_value statement;
    uint32_t cursor = 0;
    size_t count = 0;
    struct json_writer writer;
    json_writer_init(&writer, ret_document);
    json_open_object(&writer);
    json_put_member(&writer, "Version", "2012-10-17");
    json_put_member(&writer, "Id", "default");
    json_key(&writer, "Statement");
    json_open_array(&writer);
    while (json_each(statements, &cursor, NULL, &statement)) {
        if (has_sid(statement, without_sid))
            continue;
        size_t len;
        const char *raw = json_raw(statement, &len);
        json_put_raw(&writer, raw, len);
        count++;
    }
    if (more) {
        json_put_raw(&writer, more, strlen(more));
        count++;
    }
    json_close_array(&writer);
    json_close_object(&writer);
    json_doc_done(&doc);
    return count;
}

void policy_document_add(const char *document, const char *statement, struct buf *ret_document) {
    rewrite(document, NULL, statement, ret_document);
}

bool policy_document_remove(const char *document, const char *sid, struct buf *ret_document) {
    return rewrite(document, sid, NULL, ret_document) > 0;
}

bool policy_document_check_length(size_t len, struct err *err) {
    return len <= POLICY_DOCUMENT_BYTES ||
           err_set(err, ERR_POLICY_TOO_LONG, "The final policy size (%zu) is bigger than the limit (%d).",
                   len, POLICY_DOCUMENT_BYTES);
}
