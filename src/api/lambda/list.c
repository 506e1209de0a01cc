/* ListFunctions: functions in the order of their names, or all their versions. The items are named "<name>"
 * or
 * "<name>:<version>". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/lambda/configuration_json.h"
#include "api/lambda/handlers.h"
#include "api/lambda/lambda.h"
#include "api/lambda/page.h"

_Static_assert(PAGE_PLACE_BYTES <= FUNCTION_NAME_BYTES, "a marker can be looked for in the catalogue");

struct listing {
    struct page page;
    const struct api_call *call;
    bool lists_versions;
    char *after_version; /* within page.after; NULL: the function was listed as a whole */
};

/* False when the page is full. */
static bool put(struct listing *listing, const struct function *function) {
    const char *qualifier = listing->lists_versions ? function->version : NULL;
    char place[PAGE_PLACE_BYTES], arn[FUNCTION_ARN_BYTES];
    snprintf(place, sizeof place, "%s%s%s", function->name, qualifier ? ":" : "", qualifier ? qualifier : "");
    if (!page_take(&listing->page, place))
        return false;
    function_arn_format(listing->call->api->options.region, function->account, function->name, qualifier,
                        arn);
    configuration_write(&listing->page.writer, function, arn, CONFIGURATION_LISTED);
    return true;
}

/* Versions with a number greater than `after`. */
static bool put_versions(struct listing *listing, const struct catalogue_entry *entry, long long after) {
    for (size_t i = 0; i < entry->version_count; i++)
        if (strtoll(entry->versions[i]->version, NULL, 10) > after && !put(listing, entry->versions[i]))
            return false;
    return true;
}

static bool put_function(struct listing *listing, const struct catalogue_entry *entry) {
    return !entry->latest ||
           (put(listing, entry->latest) && (!listing->lists_versions || put_versions(listing, entry, 0)));
}

/* The versions that had no room on the page before; $LATEST counts as 0. */
static bool put_rest(struct listing *listing) {
    const struct catalogue_entry *entry = catalogue_find(&lambda_of(listing->call)->catalogue,
                                                         listing->call->caller->account, listing->page.after);
    return !entry || put_versions(listing, entry, strtoll(listing->after_version, NULL, 10));
}

static void put_all(struct listing *listing) {
    const struct catalogue *catalogue = &lambda_of(listing->call)->catalogue;
    const char *account = listing->call->caller->account;
    if (listing->lists_versions && listing->after_version && !put_rest(listing))
        return;
    for (size_t i = catalogue_place_after(catalogue, account, listing->page.after);
         i < catalogue->count && strcmp(catalogue->sorted[i]->account, account) == 0; i++)
        if (!put_function(listing, catalogue->sorted[i]))
            return;
}

void lambda_list_functions(struct api_call *call) {
    struct listing listing = {.call = call};
    struct err err;
    if (!page_begin(&listing.page, call, "Functions", LIMIT_LIST_PAGE, CONFIGURATION_BYTES, &err)) {
        call_fail(call, &err);
        return;
    }
    listing.lists_versions = input_text(&call->input, "FunctionVersion") != NULL;
    char *colon = strchr(listing.page.after, ':');
    if (colon) {
        *colon = '\0';
        listing.after_version = colon + 1;
    }
    /* With a MasterRegion: replicas of functions for CloudFront, which are none here. */
    if (!input_text(&call->input, "MasterRegion"))
        put_all(&listing);
    page_answer(&listing.page, call);
}
