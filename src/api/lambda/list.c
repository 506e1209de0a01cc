/* ListFunctions: pages of functions in the order of their names. A page's marker is the name (and version) it
 * ended with, so that functions that come and go meanwhile neither repeat nor hide others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/lambda/configuration_json.h"
#include "api/lambda/handlers.h"
#include "api/lambda/lambda.h"
#include "base/mem.h"
#include "model/function_constraints.h"

#define PAGE_BYTES (LIMIT_LIST_PAGE * CONFIGURATION_BYTES)

/* "<name>:<version>", in base64 */
#define PLACE_BYTES (LIMIT_FUNCTION_NAME_CHARS + 1 + FUNCTION_VERSION_BYTES)
#define MARKER_BYTES 257

struct listing {
    const struct api_call *call;
    bool lists_versions;
    size_t max_items;
    char after_name[LIMIT_FUNCTION_NAME_CHARS + 1];
    char after_version[FUNCTION_VERSION_BYTES]; /* "": the whole function was listed */

    struct json_writer writer;
    size_t count;
    char last[PLACE_BYTES];
};

static bool refuse_marker(struct err *err) {
    return err_set(err, ERR_PARAMETER,
                   "The Marker is not one that ListFunctions gave. Begin again without it.");
}

static bool read_marker(struct listing *listing, struct err *err) {
    char marker[MARKER_BYTES];
    char place[MARKER_BYTES];
    size_t len;
    if (!call_query(listing->call, "Marker", marker, sizeof marker, err))
        return false;
    if (!marker[0])
        return true;
    if (!digest_base64_decode(marker, strlen(marker), place, &len) || len >= PLACE_BYTES ||
        memchr(place, '\0', len))
        return refuse_marker(err);
    place[len] = '\0';
    char *colon = strchr(place, ':');
    if (!colon || (size_t)(colon - place) >= sizeof listing->after_name ||
        strlen(colon + 1) >= sizeof listing->after_version)
        return refuse_marker(err);
    *colon = '\0';
    memcpy(listing->after_name, place, (size_t)(colon - place) + 1);
    memcpy(listing->after_version, colon + 1, strlen(colon + 1) + 1);
    return true;
}

static bool read_filters(struct listing *listing, bool *ret_is_empty, struct err *err) {
    struct violations violations = {0};
    char region[64];
    char version[64];
    char items[24];
    int64_t max_items = LIMIT_LIST_PAGE;
    if (!call_query(listing->call, "MasterRegion", region, sizeof region, err) ||
        !call_query(listing->call, "FunctionVersion", version, sizeof version, err) ||
        !call_query(listing->call, "MaxItems", items, sizeof items, err))
        return false;
    constraint_check_text(&list_functions_master_region, region[0] ? region : NULL, &violations);
    constraint_check_text(&list_functions_version, version[0] ? version : NULL, &violations);
    if (items[0] && !constraint_check_integer(&list_functions_max_items, items, &max_items, &violations, err))
        return false;
    if (!violations_finish(&violations, err))
        return false;
    listing->lists_versions = version[0] != '\0';
    listing->max_items = max_items < LIMIT_LIST_PAGE ? (size_t)max_items : LIMIT_LIST_PAGE;
    /* Replicas of functions for CloudFront: there are none. */
    *ret_is_empty = region[0] != '\0';
    return true;
}

static void put(struct listing *listing, const struct function *function, const char *qualifier) {
    char arn[FUNCTION_ARN_BYTES];
    function_arn_format(listing->call->api->options.region, function->account, function->name, qualifier,
                        arn);
    configuration_write(&listing->writer, function, arn, CONFIGURATION_LISTED);
    listing->count++;
    snprintf(listing->last, sizeof listing->last, "%s:%s", function->name,
             qualifier ? function->version : "");
}

static bool is_full(const struct listing *listing) {
    return listing->count == listing->max_items;
}

/* Lists versions behind the one the page before ended with; false when the page is full before they are all
 * there. */
static bool put_versions(struct listing *listing, const struct catalogue_entry *entry) {
    bool is_continued = strcmp(entry->name, listing->after_name) == 0;
    long long after = is_continued ? strtoll(listing->after_version, NULL, 10) : 0;
    if (!is_continued) {
        if (is_full(listing))
            return false;
        put(listing, entry->latest, FUNCTION_LATEST);
    }
    for (size_t i = 0; i < entry->version_count; i++) {
        const struct function *version = entry->versions[i];
        if (strtoll(version->version, NULL, 10) <= after)
            continue;
        if (is_full(listing))
            return false;
        put(listing, version, version->version);
    }
    return true;
}

/* False when there is more than fits the page. */
static bool put_all(struct listing *listing) {
    const struct catalogue *catalogue = &lambda_of(listing->call)->catalogue;
    const char *account = listing->call->caller->account;
    size_t place = catalogue_place_after(catalogue, account, listing->after_name);
    if (listing->lists_versions && listing->after_name[0] && place > 0 &&
        strcmp(catalogue->sorted[place - 1]->name, listing->after_name) == 0)
        place--; /* its versions may not all have been listed */
    for (; place < catalogue->count; place++) {
        const struct catalogue_entry *entry = catalogue->sorted[place];
        if (strcmp(entry->account, account) != 0)
            return true;
        if (!entry->latest)
            continue;
        if (listing->lists_versions) {
            if (!put_versions(listing, entry))
                return false;
            continue;
        }
        if (is_full(listing))
            return false;
        put(listing, entry->latest, NULL);
    }
    return true;
}

void lambda_list_functions(struct api_call *call) {
    struct listing listing = {.call = call};
    struct err err;
    bool is_empty;
    if (!read_filters(&listing, &is_empty, &err) || !read_marker(&listing, &err)) {
        call_fail(call, &err);
        return;
    }
    OWN(buf) struct buf body;
    buf_init(&body, PAGE_BYTES);
    json_writer_init(&listing.writer, &body);
    json_open_object(&listing.writer);
    json_key(&listing.writer, "Functions");
    json_open_array(&listing.writer);
    bool is_complete = is_empty || put_all(&listing);
    json_close_array(&listing.writer);
    if (!is_complete) {
        char marker[MARKER_BYTES];
        digest_base64_encode(listing.last, strlen(listing.last), marker);
        json_put_member(&listing.writer, "NextMarker", marker);
    }
    json_close_object(&listing.writer);
    call_answer_json(call, &body);
}
