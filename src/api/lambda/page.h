/* Lists, a page at a time: Marker and MaxItems of the request, the items and NextMarker of the answer. A
 * marker is the name of the last item of the page before, in base64, so that items that come and go meanwhile
 * neither repeat nor hide others. Loop thread.
 *
 *     struct page page;
 *     if (!page_begin(&page, call, "Aliases", 50, ALIAS_BYTES, &err))
 *         return call_fail(call, &err);
 *     for (items behind page.after; page_take(&page, name of the item); next)
 *         write(&page.writer, item);
 *     page_answer(&page, call);
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "api/call.h"
#include "base/buf.h"
#include "base/json.h"

#define PAGE_PLACE_BYTES 257 /* the longest name of an item, and NUL */

struct page {
    char after[PAGE_PLACE_BYTES]; /* list what is behind this; "" for the first page */
    struct json_writer writer;    /* for the items */

    /* The rest is page.c's. */
    size_t max_items;
    size_t count;
    bool is_full;
    char last[PAGE_PLACE_BYTES];
    struct buf body;
};

/* Opens the array of that name. A page has at most `most_items`, each of at most `item_bytes`, and fewer when
 * MaxItems says so. ERR_PARAMETER for a Marker that is none. */
bool page_begin(struct page *page, const struct api_call *call, const char *key, size_t most_items,
                size_t item_bytes, struct err *err);

/* Whether the item of that name, which is the next one, still has room; the caller then writes it. */
bool page_take(struct page *page, const char *name);

/* Ends the array and adds NextMarker when an item had no room: the body is whole. */
const struct buf *page_end(struct page *page);

/* The same, and answers with it. */
void page_answer(struct page *page, struct api_call *call);
