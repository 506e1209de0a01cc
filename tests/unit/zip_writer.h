/* Makes zip archives for tests, honest ones and others: whatever an entry should lie about can be said. */
#pragma once

#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"

struct zip_item {
    const char *name;
    size_t name_len; /* 0: up to the NUL */
    const char *data;
    size_t len;
    unsigned mode; /* st_mode; 0: none told */
    bool is_stored;
    unsigned flags;
    unsigned method;         /* when not 0: claimed instead of the real one */
    uint32_t claimed_len;    /* when not 0: claimed instead of the real one */
    uint32_t wrong_checksum; /* mixed into the real one */
    const char *local_name;  /* another name in the local header, of the same length */
    bool is_zip64;           /* sizes and place in a zip64 field */
};

struct zip_writer {
    struct buf out;
    struct buf directory;
    unsigned count;
};

static inline void zip_writer_init(struct zip_writer *writer) {
    *writer = (struct zip_writer){0};
    buf_init(&writer->out, 64u * 1024 * 1024);
    buf_init(&writer->directory, 64u * 1024 * 1024);
}

static inline void zip_writer_done(struct zip_writer *writer) {
    buf_done(&writer->out);
    buf_done(&writer->directory);
}

static inline void zip_put(struct buf *buf, uint64_t number, int bytes) {
    for (int i = 0; i < bytes; i++)
        buf_append_byte(buf, (char)(number >> 8 * i));
}

static inline void zip_pack(const struct zip_item *item, struct buf *packed) {
    if (item->is_stored) {
        buf_append(packed, item->data, item->len);
        return;
    }
    z_stream stream = {0};
    int result = deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY);
    assert(result == Z_OK);
    size_t bound = deflateBound(&stream, item->len);
    stream.next_in = (void *)(uintptr_t)item->data;
    stream.avail_in = (uInt)item->len;
    stream.next_out = (void *)buf_reserve(packed, bound);
    stream.avail_out = (uInt)bound;
    result = deflate(&stream, Z_FINISH);
    assert(result == Z_STREAM_END);
    packed->len += stream.total_out;
    deflateEnd(&stream);
}

/* What both headers tell: flags to lengths of the sizes. */
static inline void zip_put_common(struct buf *buf, const struct zip_item *item, uint32_t checksum,
                                  size_t packed_len) {
    size_t len = item->claimed_len ? item->claimed_len : item->len;
    zip_put(buf, item->flags, 2);
    zip_put(buf, item->method ? item->method : item->is_stored ? 0 : 8, 2);
    zip_put(buf, 0, 4); /* time */
    zip_put(buf, checksum, 4);
    zip_put(buf, item->is_zip64 ? UINT32_MAX : packed_len, 4);
    zip_put(buf, item->is_zip64 ? UINT32_MAX : len, 4);
}

static inline void zip_add(struct zip_writer *writer, struct zip_item item) {
    size_t name_len = item.name_len ? item.name_len : strlen(item.name);
    if (item.data && item.len == 0)
        item.len = strlen(item.data);
    uint32_t checksum = (uint32_t)crc32(0, (const void *)item.data, (uInt)item.len) ^ item.wrong_checksum;
    OWN(buf) struct buf packed;
    buf_init(&packed, 64u * 1024 * 1024);
    zip_pack(&item, &packed);
    size_t offset = writer->out.len;
    struct buf *out = &writer->out;
    zip_put(out, 0x04034b50, 4);
    zip_put(out, 20, 2);
    zip_put_common(out, &item, checksum, packed.len);
    zip_put(out, name_len, 2);
    zip_put(out, 0, 2);
    buf_append(out, item.local_name ? item.local_name : item.name, name_len);
    buf_append(out, buf_text(&packed), packed.len);
    struct buf *directory = &writer->directory;
    zip_put(directory, 0x02014b50, 4);
    zip_put(directory, item.mode ? 3 << 8 | 20 : 20, 2);
    zip_put(directory, 20, 2);
    zip_put_common(directory, &item, checksum, packed.len);
    zip_put(directory, name_len, 2);
    zip_put(directory, item.is_zip64 ? 28 : 0, 2);
    zip_put(directory, 0, 6);
    zip_put(directory, (uint32_t)item.mode << 16, 4);
    zip_put(directory, item.is_zip64 ? UINT32_MAX : offset, 4);
    buf_append(directory, item.name, name_len);
    if (item.is_zip64) {
        zip_put(directory, 1, 2);
        zip_put(directory, 24, 2);
        zip_put(directory, item.len, 8);
        zip_put(directory, packed.len, 8);
        zip_put(directory, offset, 8);
    }
    writer->count++;
}

/* Puts the directory and the end record behind the entries. With `zip64` their zip64 forms. */
static inline void zip_finish(struct zip_writer *writer, bool zip64) {
    struct buf *out = &writer->out;
    size_t offset = out->len;
    size_t size = writer->directory.len;
    buf_append(out, buf_text(&writer->directory), size);
    if (zip64) {
        size_t record = out->len;
        zip_put(out, 0x06064b50, 4);
        zip_put(out, 44, 8);
        zip_put(out, 45 | 45 << 16, 4);
        zip_put(out, 0, 8);
        zip_put(out, writer->count, 8);
        zip_put(out, writer->count, 8);
        zip_put(out, size, 8);
        zip_put(out, offset, 8);
        zip_put(out, 0x07064b50, 4);
        zip_put(out, 0, 4);
        zip_put(out, record, 8);
        zip_put(out, 1, 4);
    }
    zip_put(out, 0x06054b50, 4);
    zip_put(out, 0, 4);
    zip_put(out, zip64 ? UINT16_MAX : writer->count, 2);
    zip_put(out, zip64 ? UINT16_MAX : writer->count, 2);
    zip_put(out, zip64 ? UINT32_MAX : size, 4);
    zip_put(out, zip64 ? UINT32_MAX : offset, 4);
    zip_put(out, 0, 2);
}
