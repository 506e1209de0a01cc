/* CreateAccessKey, DeleteAccessKey, ListAccessKeys. A secret is shown once, by CreateAccessKey. */
#include "api/iam/access_keys.h"

#include <stdlib.h>
#include <string.h>

#include "api/context.h"
#include "api/iam/handlers.h"
#include "api/iam/listing.h"
#include "api/iam/request.h"
#include "api/iam/write.h"
#include "api/keys.h"
#include "api/query.h"
#include "api/xml.h"
#include "base/mem.h"

#define MAX_KEYS 2 /* IAM User Guide, "IAM and AWS STS quotas" */

const struct access_key *access_key_next(const struct api *api, const struct identity *user, size_t *place) {
    const struct record_key first = {.account = user->account, .scope = "", .kind = KEY_RECORD, .name = ""};
    size_t at = *place ? *place : records_after(&api->records, &first);
    for (const struct record *record; (record = records_at(&api->records, at, &first)); at++) {
        const struct access_key *key = map_get(&api->auth.keys, record->key.name);
        if (!key || strcmp(key->user, user->name) != 0)
            continue;
        *place = at + 1;
        return key;
    }
    return NULL;
}

static void write_key(struct buf *body, const struct access_key *key, bool with_secret) {
    xml_put(body, "UserName", key->user);
    xml_put(body, "AccessKeyId", key->id);
    xml_put(body, "Status", "Active");
    if (with_secret)
        xml_put(body, "SecretAccessKey", key->secret);
    write_date(body, "CreateDate", key->created_us);
}

static size_t count_keys(const struct api *api, const struct identity *user) {
    size_t count = 0;
    for (size_t place = 0; access_key_next(api, user, &place);)
        count++;
    return count;
}

static struct record_key record_of(const struct access_key *key) {
    return (struct record_key){.account = key->account, .scope = "", .kind = KEY_RECORD, .name = key->id};
}

static bool create_key(struct edit *edit, struct err *err) {
    const struct api_call *call = edit->call;
    const struct identity *user = iam_subject(call, err);
    if (!user)
        return false;
    if (count_keys(call->api, user) >= MAX_KEYS)
        return err_set(err, ERR_LIMIT, "Cannot exceed quota for AccessKeysPerUser: %d", MAX_KEYS);
    struct access_key key;
    key_make(&key, user->account, user->name, clock_wall_us(call->api->clock));
    char *document = key_document(&key);
    const struct record_key record = record_of(&key);
    edit_put(edit, &record, document);
    struct buf *answer = edit_answer_raw(edit, QUERY_ANSWER_BYTES);
    query_open(answer, call);
    xml_open(answer, "AccessKey");
    write_key(answer, &key, true);
    xml_close(answer, "AccessKey");
    query_close(answer, call);
    mem_wipe(document, strlen(document));
    free(document);
    mem_wipe(&key, sizeof key);
    return true;
}

static bool delete_key(struct edit *edit, struct err *err) {
    const struct api_call *call = edit->call;
    const char *id = iam_text(call, "AccessKeyId");
    const struct identity *user = iam_subject(call, err);
    if (!user)
        return false;
    const struct access_key *key = map_get(&call->api->auth.keys, id);
    if (!key || strcmp(key->account, user->account) != 0 || strcmp(key->user, user->name) != 0)
        return err_set(err, ERR_NOT_FOUND, "The Access Key with id %s cannot be found.", id);
    const struct record_key record = record_of(key);
    edit_delete(edit, &record);
    return iam_done(edit);
}

void iam_create_access_key(struct api_call *call) {
    iam_change(call, create_key);
}

void iam_delete_access_key(struct api_call *call) {
    iam_change(call, delete_key);
}

void iam_list_access_keys(struct api_call *call) {
    struct err err;
    struct listing listing;
    const struct identity *user = iam_subject(call, &err);
    if (!user || !listing_begin(&listing, call, "AccessKeyMetadata", &err)) {
        call_fail(call, &err);
        return;
    }
    const struct access_key *key;
    for (size_t place = 0; (key = access_key_next(call->api, user, &place));) {
        if (!listing_takes(&listing, key->id))
            continue;
        xml_open(&listing.body, "member");
        write_key(&listing.body, key, false);
        xml_close(&listing.body, "member");
    }
    listing_answer(&listing);
}
