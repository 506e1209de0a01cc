/* Function URLs: CreateFunctionUrlConfig and its Get, Update, List and Delete. A function has at most one and
 * so has each of its aliases. A record holds "Id", the first label of the URL's host, and the members of the
 * API but FunctionUrl and FunctionArn. */
#include <stdio.h>
#include <string.h>

#include "api/lambda/aliases.h"
#include "api/lambda/body.h"
#include "api/lambda/handlers.h"
#include "api/lambda/lambda.h"
#include "api/lambda/setting.h"
#include "api/lambda/target.h"
#include "api/web/host.h"
#include "base/mem.h"

#define ID_CHARS 32

/* Cors: 200 headers of 1024 characters, 100 origins of 253, each character up to six bytes. */
#define ITEM_BYTES (2u * 1024 * 1024)

#define TIME_BYTES 40

/* "2026-01-31T12:34:56.123456Z" */
static void format_time(int64_t wall_us, char text[TIME_BYTES]) {
    char iso[CLOCK_TEXT_BYTES];
    clock_format_iso(wall_us, iso);
    snprintf(text, TIME_BYTES, "%.*s.%06lldZ", (int)strcspn(iso, "."), iso, (long long)(wall_us % 1000000));
}

/* On the port that the whole API has, told apart by the host; see web/url.h. */
static void put_url(struct json_writer *writer, const struct api_options *options, const char *id) {
    const char *endpoint = options->public_endpoint;
    const char *host = strstr(endpoint, "://") + 3;
    const char *port = strrchr(host, ':');
    bool has_port = port && !strchr(port, ']');
    OWN_MEM char *url = mem_format("%.*s%s." WEB_LABEL_URL ".%s.%s%.*s/", (int)(host - endpoint), endpoint,
                                   id, options->region, options->url_domain,
                                   has_port ? (int)strcspn(port, "/") : 0, port);
    json_put_member(writer, "FunctionUrl", url);
}

/* ---- answers ---- */

struct shown {
    const struct api_options *options;
    const char *document;
    const char *arn;
    bool is_new;     /* CreateFunctionUrlConfig has no LastModifiedTime */
    bool hides_mode; /* and InvokeMode only when that was sent */
};

static void write_answer(struct json_writer *writer, const struct shown *shown) {
    struct json_doc doc;
    struct json_value members = setting_parse(shown->document, &doc);
    OWN_MEM char *id = body_text(members, "Id");
    json_open_object(writer);
    put_url(writer, shown->options, id ? id : "");
    json_put_member(writer, "FunctionArn", shown->arn);
    setting_copy(writer, members, "AuthType");
    setting_copy(writer, members, "Cors");
    setting_copy(writer, members, "CreationTime");
    if (!shown->is_new)
        setting_copy(writer, members, "LastModifiedTime");
    if (!shown->hides_mode)
        setting_copy(writer, members, "InvokeMode");
    json_close_object(writer);
    json_doc_done(&doc);
}

/* ---- the target ---- */

static bool parse(const struct api_call *call, struct function_ref *ref, struct err *err) {
    return target_parse(call, FUNCTION_REF_WRITE, TARGET_WITH_QUALIFIER, ref, err);
}

static bool no_function(struct err *err) {
    return err_set(err, ERR_NOT_FOUND, "Function does not exist");
}

static bool no_config(struct err *err) {
    return err_set(err, ERR_NOT_FOUND, "The resource you requested does not exist.");
}

/* The function and, when one is named, its alias. */
static struct catalogue_entry *find_target(const struct api_call *call, const struct function_ref *ref) {
    struct catalogue_entry *entry = target_find(call, ref);
    return entry && entry_resolve(entry, ref->qualifier) ? entry : NULL;
}

static bool find_config(const struct api_call *call, const struct function_ref *ref,
                        struct catalogue_entry **ret_entry, const char **ret_document, struct err *err) {
    struct catalogue_entry *entry = find_target(call, ref);
    const char *document = entry ? setting_document(call->api, entry, SETTING_URL, target_qualifier(ref))
                                 : NULL;
    if (!document)
        return no_config(err);
    *ret_entry = entry;
    *ret_document = document;
    return true;
}

/* ---- what is stored ---- */

static bool check_methods(struct json_value cors, struct err *err) {
    static const char *const methods[] = {"*", "DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"};
    struct json_value methods_sent = body_member(cors, "AllowMethods");
    struct json_value method;
    if (!json_is_present(methods_sent))
        return true;
    for (uint32_t cursor = 0; json_each(methods_sent, &cursor, NULL, &method);) {
        size_t i = 0;
        while (i < sizeof methods / sizeof methods[0] && !json_string_is(method, methods[i]))
            i++;
        if (i < sizeof methods / sizeof methods[0])
            continue;
        OWN_MEM char *text = json_string(method);
        return err_set(err, ERR_PARAMETER,
                       "The method '%s' in Cors.AllowMethods is none of GET, PUT, HEAD, POST, PATCH, DELETE "
                       "and *.",
                       text ? text : "");
    }
    return true;
}

/* Nothing when it is empty: that is how it is taken away. */
static void write_cors(struct json_writer *writer, struct json_value cors) {
    static const char *const members[] = {"AllowCredentials", "AllowHeaders",  "AllowMethods",
                                          "AllowOrigins",     "ExposeHeaders", "MaxAge"};
    if (!json_is_present(cors) || json_size(cors) == 0)
        return;
    json_key(writer, "Cors");
    json_open_object(writer);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        setting_copy(writer, cors, members[i]);
    json_close_object(writer);
}

/* A member of the request or else of the record that was. */
static void put_either(struct json_writer *writer, struct json_value request, struct json_value old,
                       const char *member, const char *otherwise) {
    bool is_sent = json_is_present(body_member(request, member));
    if (is_sent || json_is_present(body_member(old, member)))
        setting_copy(writer, is_sent ? request : old, member);
    else
        json_put_member(writer, member, otherwise);
}

/* The record after the request; `old` is absent for a new one. */
static void write_record(struct json_writer *writer, struct json_value request, struct json_value old,
                         int64_t now_us) {
    struct json_value cors = body_member(request, "Cors");
    char id[ID_CHARS + 1];
    char now[TIME_BYTES];
    ident_from_alphabet(id, ID_CHARS, "abcdefghijklmnopqrstuvwxyz0123456789");
    format_time(now_us, now);
    json_open_object(writer);
    put_either(writer, (struct json_value){0}, old, "Id", id);
    put_either(writer, request, old, "AuthType", NULL);
    put_either(writer, request, old, "InvokeMode", "BUFFERED");
    write_cors(writer, json_is_present(cors) ? cors : body_member(old, "Cors"));
    put_either(writer, (struct json_value){0}, old, "CreationTime", now);
    json_put_member(writer, "LastModifiedTime", now);
    json_close_object(writer);
}

/* Adds the step and writes the answer. */
static bool store(struct edit *edit, const struct function_ref *ref, struct json_value old, struct err *err) {
    struct json_value request = edit->call->input.root;
    const struct api *api = edit->call->api;
    bool is_new = !json_is_present(old);
    if (!check_methods(body_member(request, "Cors"), err))
        return false;
    OWN(buf) struct buf document;
    struct json_writer writer;
    char arn[FUNCTION_ARN_BYTES];
    buf_init(&document, ITEM_BYTES);
    json_writer_init(&writer, &document);
    write_record(&writer, request, old, lambda_now_us(api->lambda));
    setting_put(edit, SETTING_URL, target_qualifier(ref), buf_text(&document));
    target_arn(edit->call, ref, arn);
    const struct shown shown = {
        .options = &api->options,
        .document = buf_text(&document),
        .arn = arn,
        .is_new = is_new,
        .hides_mode = is_new && !json_is_present(body_member(request, "InvokeMode")),
    };
    write_answer(edit_answer(edit, ITEM_BYTES), &shown);
    return true;
}

/* ---- operations ---- */

static bool prepare_create(struct edit *edit, struct err *err) {
    const struct catalogue_entry *entry = function_edit_entry(edit);
    struct function_ref ref;
    if (!parse(edit->call, &ref, err))
        return false;
    if (find_target(edit->call, &ref) != entry)
        return no_function(err);
    if (!setting_document(edit->call->api, entry, SETTING_URL, target_qualifier(&ref)))
        return store(edit, &ref, (struct json_value){0}, err);
    char arn[FUNCTION_ARN_BYTES];
    target_arn(edit->call, &ref, arn);
    return err_set(err, ERR_CONFLICT,
                   "Failed to create function url config for [functionArn = %s]. Error message:  "
                   "FunctionUrlConfig exists for this Lambda function",
                   arn);
}

static bool prepare_update(struct edit *edit, struct err *err) {
    struct function_ref ref;
    struct catalogue_entry *entry = NULL;
    const char *document = NULL;
    struct json_doc doc;
    if (!parse(edit->call, &ref, err) || !find_config(edit->call, &ref, &entry, &document, err))
        return false;
    if (entry != function_edit_entry(edit))
        return no_config(err);
    bool ok = store(edit, &ref, setting_parse(document, &doc), err);
    json_doc_done(&doc);
    return ok;
}

static bool prepare_delete(struct edit *edit, struct err *err) {
    struct function_ref ref;
    struct catalogue_entry *entry = NULL;
    const char *document;
    if (!parse(edit->call, &ref, err) || !find_config(edit->call, &ref, &entry, &document, err))
        return false;
    if (entry != function_edit_entry(edit))
        return no_config(err);
    setting_delete(edit, SETTING_URL, target_qualifier(&ref));
    return true;
}

static void change(struct api_call *call, const struct edit_actions *actions,
                   bool (*refuse)(struct err *err)) {
    struct function_ref ref;
    struct catalogue_entry *entry = NULL;
    struct err err;
    if (parse(call, &ref, &err) && !(entry = find_target(call, &ref)))
        refuse(&err);
    if (entry)
        function_edit_start(call, entry, NULL, actions);
    else
        call_fail(call, &err);
}

void lambda_create_function_url_config(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = prepare_create};
    change(call, &actions, no_function);
}

void lambda_update_function_url_config(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = prepare_update};
    change(call, &actions, no_function);
}

void lambda_delete_function_url_config(struct api_call *call) {
    static const struct edit_actions actions = {.prepare = prepare_delete};
    change(call, &actions, no_config);
}

void lambda_get_function_url_config(struct api_call *call) {
    struct function_ref ref;
    struct catalogue_entry *entry;
    struct shown shown = {.options = &call->api->options};
    struct err err;
    if (!parse(call, &ref, &err) || !find_config(call, &ref, &entry, &shown.document, &err)) {
        call_fail(call, &err);
        return;
    }
    char arn[FUNCTION_ARN_BYTES];
    OWN(buf) struct buf body;
    struct json_writer writer;
    buf_init(&body, ITEM_BYTES);
    json_writer_init(&writer, &body);
    target_arn(call, &ref, arn);
    shown.arn = arn;
    write_answer(&writer, &shown);
    call_answer(call, &body);
}

static void write_item(struct json_writer *writer, const struct api_call *call,
                       const struct catalogue_entry *entry, const struct record *item) {
    char arn[FUNCTION_ARN_BYTES];
    bool is_alias = strcmp(item->key.name, FUNCTION_LATEST) != 0;
    function_arn_format(call->api->options.region, entry->account, entry->name,
                        is_alias ? item->key.name : NULL, arn);
    const struct shown shown = {.options = &call->api->options, .document = item->document, .arn = arn};
    write_answer(writer, &shown);
}

void lambda_list_function_url_configs(struct api_call *call) {
    static const struct setting_list list = {SETTING_URL, "FunctionUrlConfigs", ITEM_BYTES, write_item};
    const struct catalogue_entry *entry = NULL;
    struct function_ref ref;
    struct err err;
    if (target_parse(call, FUNCTION_REF_WRITE, TARGET_UNQUALIFIED_ONLY, &ref, &err) &&
        !(entry = target_find(call, &ref)))
        no_function(&err);
    if (entry)
        setting_answer_list(call, entry, &list);
    else
        call_fail(call, &err);
}
