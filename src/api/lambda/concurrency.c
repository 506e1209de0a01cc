/* PutFunctionConcurrency, GetFunctionConcurrency and DeleteFunctionConcurrency, and the sums behind them. The
 * catalogue's entries carry their shares, so that a sum is a walk over entries, without a look at records. */
#include "api/lambda/concurrency.h"

#include <string.h>

#include "api/lambda/handlers.h"
#include "api/lambda/setting.h"
#include "api/lambda/target.h"
#include "base/mem.h"

#define MEMBER "ReservedConcurrentExecutions"
#define ANSWER_BYTES 128

/* Lambda keeps 100 unreserved of the usual 1000. Accounts with a lower limit keep less of it; here half, so
 * that one with a limit of 10 can still reserve something. */
#define MINIMUM_UNRESERVED 100

int64_t concurrency_minimum(const struct lambda *lambda) {
    int64_t half = lambda->api->options.concurrency / 2;
    return half < MINIMUM_UNRESERVED ? half : MINIMUM_UNRESERVED;
}

int64_t concurrency_reserved(const struct catalogue_entry *entry) {
    return entry->has_reserved ? (int64_t)entry->reserved : CONCURRENCY_NOT_RESERVED;
}

int64_t concurrency_provisioned(const struct api *api, const struct catalogue_entry *entry,
                                const char *but_qualifier) {
    char scope[RECORD_FUNCTION_SCOPE_BYTES];
    const struct record_key key = function_record(entry, SETTING_PROVISIONED, "", scope);
    const struct record *record;
    int64_t sum = 0;
    for (size_t at = records_after(&api->records, &key); (record = records_at(&api->records, at, &key));
         at++) {
        if (but_qualifier && strcmp(record->key.name, but_qualifier) == 0)
            continue;
        struct json_doc doc;
        sum += setting_number(setting_parse(record->document, &doc), "Requested", 0);
        json_doc_done(&doc);
    }
    return sum;
}

int64_t concurrency_unreserved(const struct lambda *lambda, const char *account,
                               const struct catalogue_entry *but) {
    const struct catalogue *catalogue = &lambda->catalogue;
    int64_t left = lambda->api->options.concurrency;
    for (size_t i = catalogue_place_after(catalogue, account, ""); i < catalogue->count; i++) {
        const struct catalogue_entry *entry = catalogue->sorted[i];
        if (strcmp(entry->account, account) != 0)
            break;
        if (entry != but)
            left -= entry->has_reserved ? entry->reserved : entry->provisioned;
    }
    return left;
}

/* ---- what is to be initialised ahead ---- */

static void add_target(struct provision_wish *wish, const struct catalogue_entry *entry, const char *version,
                       uint32_t count) {
    const struct function *function = entry_version(entry, version);
    if (wish->count > 0 && function && function->state == FUNCTION_ACTIVE)
        wish->targets[wish->target_count++] = (struct provision_target){function, count};
}

/* Of an alias with two versions each has its part, by weight. One that was sent to $LATEST since has nothing.
 */
static struct provision_wish make_wish(const struct catalogue_entry *entry, const struct record *record) {
    struct json_doc doc;
    struct provision_wish wish = {
        .qualifier = record->key.name,
        .count = (uint32_t)setting_number(setting_parse(record->document, &doc), "Requested", 0)};
    json_doc_done(&doc);
    const struct alias *alias = entry_alias(entry, wish.qualifier);
    if (!alias) {
        add_target(&wish, entry, wish.qualifier, wish.count);
        return wish;
    }
    if (strcmp(alias->version, FUNCTION_LATEST) == 0)
        wish.count = 0;
    uint32_t others = alias->other_version[0] ? (uint32_t)(wish.count * alias->other_weight + 0.5) : 0;
    add_target(&wish, entry, alias->version, wish.count - others);
    if (alias->other_version[0])
        add_target(&wish, entry, alias->other_version, others);
    return wish;
}

static void provision(struct lambda *lambda, const struct catalogue_entry *entry) {
    char scope[RECORD_FUNCTION_SCOPE_BYTES];
    const struct records *records = &lambda->api->records;
    const struct record_key key = function_record(entry, SETTING_PROVISIONED, "", scope);
    const size_t first = records_after(records, &key);
    size_t count = 0;
    while (records_at(records, first + count, &key))
        count++;
    OWN_MEM struct provision_wish *wishes = mem_alloc_array(count + 1, sizeof *wishes);
    for (size_t i = 0; i < count; i++)
        wishes[i] = make_wish(entry, records_at(records, first + i, &key));
    invoke_provision(lambda->api->invoke, entry->account, entry->name, wishes, count);
}

void concurrency_refresh(struct lambda *lambda, struct catalogue_entry *entry) {
    struct json_doc doc;
    struct json_value document = setting_read(lambda->api, entry, SETTING_CONCURRENCY, "", &doc);
    int64_t before = concurrency_reserved(entry);
    entry->has_reserved = json_is_present(document);
    entry->reserved = (uint32_t)setting_number(document, MEMBER, 0);
    bool had_provisioned = entry->provisioned > 0;
    entry->provisioned = (uint32_t)concurrency_provisioned(lambda->api, entry, NULL);
    json_doc_done(&doc);
    if (concurrency_reserved(entry) != before)
        invoke_set_reserved(lambda->api->invoke, entry->account, entry->name, concurrency_reserved(entry));
    if (had_provisioned || entry->provisioned > 0)
        provision(lambda, entry);
}

void concurrency_restore(struct lambda *lambda) {
    const struct records *records = &lambda->api->records;
    const struct catalogue_entry *last = NULL; /* the records of one function come one after the other */
    for (size_t i = 0; i < records->count; i++) {
        const struct record_key *key = &records->items[i]->key;
        if (strcmp(key->kind, SETTING_CONCURRENCY) != 0 && strcmp(key->kind, SETTING_PROVISIONED) != 0)
            continue;
        struct catalogue_entry *entry = catalogue_find(&lambda->catalogue, key->account,
                                                       key->scope + strlen(RECORD_FUNCTION_SCOPE));
        if (entry && entry != last)
            concurrency_refresh(lambda, entry);
        last = entry;
    }
}

/* NULL when the request can't be served. */
static struct catalogue_entry *find(const struct api_call *call, struct err *err) {
    struct function_ref ref;
    if (!target_parse(call, FUNCTION_REF_WRITE, TARGET_BARE, &ref, err))
        return NULL;
    struct catalogue_entry *entry = target_find(call, &ref);
    if (entry)
        return entry;
    if (strcmp(call->match.operation->method, "PUT") == 0)
        memcpy(ref.qualifier, FUNCTION_LATEST, sizeof FUNCTION_LATEST); /* as recorded from the service */
    target_not_found(call, &ref, err);
    return NULL;
}

static bool check(const struct edit *edit, int64_t wanted, struct err *err) {
    const struct lambda *lambda = lambda_of(edit->call);
    const struct catalogue_entry *entry = function_edit_entry(edit);
    int64_t minimum = concurrency_minimum(lambda);
    if (wanted > concurrency_unreserved(lambda, entry->account, entry) - minimum)
        return err_set(err, ERR_PARAMETER_UNTYPED,
                       "Specified ReservedConcurrentExecutions for function decreases account's "
                       "UnreservedConcurrentExecution below its minimum value of [%lld].",
                       (long long)minimum);
    if (wanted < entry->provisioned)
        return err_set(err, ERR_PARAMETER_UNTYPED,
                       " ReservedConcurrentExecutions  %lld should not be lower than function's total "
                       "provisioned concurrency [%lld].",
                       (long long)wanted, (long long)entry->provisioned);
    return true;
}

static bool prepare_put(struct edit *edit, struct err *err) {
    const struct catalogue_entry *entry = function_edit_entry(edit);
    int64_t wanted = setting_number(edit->call->input.root, MEMBER, 0);
    if (entry->is_deleted)
        return target_gone(edit->call, entry, err);
    if (!check(edit, wanted, err))
        return false;
    struct json_writer *writer = edit_answer(edit, ANSWER_BYTES);
    json_open_object(writer);
    json_put_member_integer(writer, MEMBER, wanted);
    json_close_object(writer);
    setting_put(edit, SETTING_CONCURRENCY, "", buf_text(writer->buf));
    return true;
}

static bool prepare_delete(struct edit *edit, struct err *err) {
    const struct catalogue_entry *entry = function_edit_entry(edit);
    if (entry->is_deleted)
        return target_gone(edit->call, entry, err);
    if (entry->has_reserved)
        setting_delete(edit, SETTING_CONCURRENCY, "");
    return true;
}

static void committed(struct edit *edit) {
    concurrency_refresh(lambda_of(edit->call), function_edit_entry(edit));
}

static void change(struct api_call *call, const struct edit_actions *actions) {
    struct err err;
    struct catalogue_entry *entry = find(call, &err);
    if (entry)
        setting_edit_start(call, entry, actions);
    else
        call_fail(call, &err);
}

void lambda_put_function_concurrency(struct api_call *call) {
    static const struct edit_actions actions = {
        .prepare = prepare_put, .committed = committed, .finished = setting_edit_finished};
    change(call, &actions);
}

void lambda_delete_function_concurrency(struct api_call *call) {
    static const struct edit_actions actions = {
        .prepare = prepare_delete, .committed = committed, .finished = setting_edit_finished};
    change(call, &actions);
}

void lambda_get_function_concurrency(struct api_call *call) {
    struct err err;
    const struct catalogue_entry *entry = find(call, &err);
    if (!entry) {
        call_fail(call, &err);
        return;
    }
    OWN(buf) struct buf body;
    buf_init(&body, ANSWER_BYTES);
    struct json_writer writer;
    json_writer_init(&writer, &body);
    json_open_object(&writer);
    if (entry->has_reserved)
        json_put_member_integer(&writer, MEMBER, entry->reserved);
    json_close_object(&writer);
    call_answer(call, &body);
}
