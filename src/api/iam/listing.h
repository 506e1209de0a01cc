/* Lists of IAM, a page at a time: Marker and MaxItems of the request; the members, IsTruncated and Marker of
 * the answer. A marker is the key of the last member of the page before, in base64. Members must come in the
 * order of their keys (strcmp).
 *
 *     struct listing listing;
 *     if (!listing_begin(&listing, call, "Roles", &err))
 *         return call_fail(call, &err);
 *     for (things in order)
 *         if (listing_takes(&listing, key of the thing))
 *             write(&listing.body, thing);
 *     listing_answer(&listing);
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "api/call.h"
#include "base/buf.h"

#define LISTING_KEY_BYTES 1024

struct listing {
    struct buf body;

    /* The rest is listing.c's. */
    struct api_call *call;
    const char *name;
    char after[LISTING_KEY_BYTES];
    char last[LISTING_KEY_BYTES];
    int64_t left;
    bool is_truncated;
};

/* Opens the result and the list of that name, or none (NULL): a handler with several lists in one result
 * opens and closes them itself. ERR_VALIDATION for a Marker that is none. */
bool listing_begin(struct listing *listing, struct api_call *call, const char *name, struct err *err);

/* True when the member belongs on this page: the caller then writes it. */
bool listing_takes(struct listing *listing, const char *key);

void listing_answer(struct listing *listing);
