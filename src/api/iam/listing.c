/* See listing.h. */
#include "api/iam/listing.h"

#include <stdio.h>
#include <string.h>

#include "api/query.h"
#include "api/xml.h"
#include "base/digest.h"
#include "base/mem.h"

#define DEFAULT_ITEMS 100 /* IAM API: MaxItems */

static bool read_marker(const char *marker, char place[LISTING_KEY_BYTES], struct err *err) {
    size_t len = strlen(marker);
    char text[LISTING_KEY_BYTES + 2]; /* decoding gives up to two bytes more than the text has */
    if (digest_base64_decoded_bytes(len) <= sizeof text && digest_base64_decode(marker, len, text, &len) &&
        len < LISTING_KEY_BYTES && !memchr(text, '\0', len)) {
        memcpy(place, text, len);
        place[len] = '\0';
        return true;
    }
    return err_set(err, ERR_VALIDATION, "Invalid Marker: %s", marker);
}

bool listing_begin(struct listing *listing, struct api_call *call, const char *name, struct err *err) {
    const char *marker = input_text(&call->input, "Marker");
    *listing = (struct listing){.call = call, .name = name};
    if (marker && !read_marker(marker, listing->after, err))
        return false;
    listing->left = input_integer(&call->input, "MaxItems", DEFAULT_ITEMS);
    buf_init(&listing->body, QUERY_ANSWER_BYTES);
    query_open(&listing->body, call);
    if (name)
        xml_open(&listing->body, name);
    return true;
}

bool listing_takes(struct listing *listing, const char *key) {
    if (strcmp(key, listing->after) <= 0)
        return false;
    if (listing->left == 0) {
        listing->is_truncated = true;
        return false;
    }
    listing->left--;
    snprintf(listing->last, sizeof listing->last, "%s", key);
    return true;
}

void listing_answer(struct listing *listing) {
    if (listing->name)
        xml_close(&listing->body, listing->name);
    xml_put_bool(&listing->body, "IsTruncated", listing->is_truncated);
    if (listing->is_truncated) {
        OWN_MEM char *marker = mem_alloc(digest_base64_encoded_bytes(strlen(listing->last)));
        digest_base64_encode(listing->last, strlen(listing->last), marker);
        xml_put(&listing->body, "Marker", marker);
    }
    query_close(&listing->body, listing->call);
    call_answer(listing->call, &listing->body);
    buf_done(&listing->body);
}
