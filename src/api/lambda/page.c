/* See page.h. */
#include "api/lambda/page.h"

#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"

/* Room for brackets, the array's name and NextMarker. */
#define FRAME_BYTES 1024

static bool read_marker(const char *marker, const char *operation, char place[PAGE_PLACE_BYTES],
                        struct err *err) {
    size_t len = strlen(marker);
    char text[PAGE_PLACE_BYTES + 2]; /* decoding gives up to two bytes more than the text has */
    if (digest_base64_decoded_bytes(len) <= sizeof text && digest_base64_decode(marker, len, text, &len) &&
        len < PAGE_PLACE_BYTES && !memchr(text, '\0', len)) {
        memcpy(place, text, len);
        place[len] = '\0';
        return true;
    }
    return err_set(err, ERR_PARAMETER, "The Marker is not one that %s gave. Begin again without it.",
                   operation);
}

bool page_begin(struct page *page, const struct api_call *call, const char *key, size_t most_items,
                size_t item_bytes, struct err *err) {
    const char *marker = input_text(&call->input, "Marker");
    int64_t max_items = input_integer(&call->input, "MaxItems", (int64_t)most_items);
    *page = (struct page){0};
    if (marker && !read_marker(marker, call->match.operation->name, page->after, err))
        return false;
    page->max_items = (size_t)max_items < most_items ? (size_t)max_items : most_items;
    buf_init(&page->body, FRAME_BYTES + most_items * item_bytes);
    json_writer_init(&page->writer, &page->body);
    json_open_object(&page->writer);
    json_key(&page->writer, key);
    json_open_array(&page->writer);
    return true;
}

bool page_take(struct page *page, const char *name) {
    page->is_full = page->count == page->max_items;
    if (page->is_full)
        return false;
    page->count++;
    snprintf(page->last, sizeof page->last, "%s", name);
    return true;
}

const struct buf *page_end(struct page *page) {
    json_close_array(&page->writer);
    if (page->is_full) {
        OWN_MEM char *marker = mem_alloc(digest_base64_encoded_bytes(strlen(page->last)));
        digest_base64_encode(page->last, strlen(page->last), marker);
        json_put_member(&page->writer, "NextMarker", marker);
    }
    json_close_object(&page->writer);
    return &page->body;
}

void page_answer(struct page *page, struct api_call *call) {
    call_answer(call, page_end(page));
    buf_done(&page->body);
}
