/* The zip format. Every number in it comes from a stranger: each is checked against what is there before it
 * is used, and offsets are added in 64 bits only after both were found to be at most the length of the
 * archive.
 *
 * At the end stands the end record; it tells size and place of the central directory, which has one record
 * per entry; each of those tells where the entry's local header is, behind which its data lie. Numbers that
 * don't fit into 32 bits stand in the zip64 forms of these records. Where the archive does not begin with the
 * file, all places are off by the same shift. */
#include "package/zip.h"

#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/mem.h"

#define LOCAL_SIGNATURE 0x04034b50u
#define LOCAL_BYTES 30u
#define ENTRY_SIGNATURE 0x02014b50u
#define ENTRY_BYTES 46u
#define END_SIGNATURE 0x06054b50u
#define END_BYTES 22u
#define END64_SIGNATURE 0x06064b50u
#define END64_BYTES 56u
#define LOCATOR_SIGNATURE 0x07064b50u
#define LOCATOR_BYTES 20u
#define ZIP64_EXTRA 1u

#define FLAG_ENCRYPTED 0x0001u
#define FLAG_STRONGLY_ENCRYPTED 0x0040u
#define FLAG_DIRECTORY_ENCRYPTED 0x2000u

#define HOST_UNIX 3u
#define HOST_DARWIN 19u

#define MOST_COMMENT_BYTES 65535u
#define PIECE_BYTES 65536u

static uint16_t get16(const uint8_t *bytes) {
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static uint32_t get32(const uint8_t *bytes) {
    return get16(bytes) | (uint32_t)get16(bytes + 2) << 16;
}

static uint64_t get64(const uint8_t *bytes) {
    return get32(bytes) | (uint64_t)get32(bytes + 4) << 32;
}

/* The `size` bytes at `at` are there and begin with the signature. */
static bool has_record(const struct zip *zip, uint64_t at, size_t size, uint32_t signature) {
    return at <= zip->len && zip->len - at >= size && get32(zip->data + at) == signature;
}

struct end {
    uint64_t at; /* where the central directory ends at the latest */
    uint64_t size;
    uint64_t offset;
};

/* The zip64 end record stands where its locator says, or, when there is a shift, right in front of the
 * locator. */
static bool read_end64(const struct zip *zip, size_t end_at, struct end *end) {
    if (end_at < LOCATOR_BYTES || !has_record(zip, end_at - LOCATOR_BYTES, LOCATOR_BYTES, LOCATOR_SIGNATURE))
        return false;
    size_t locator = end_at - LOCATOR_BYTES;
    uint64_t at = get64(zip->data + locator + 8);
    if (!has_record(zip, at, END64_BYTES, END64_SIGNATURE)) {
        if (locator < END64_BYTES || !has_record(zip, locator - END64_BYTES, END64_BYTES, END64_SIGNATURE))
            return false;
        at = locator - END64_BYTES;
    }
    *end = (struct end){.at = at, .size = get64(zip->data + at + 40), .offset = get64(zip->data + at + 48)};
    return true;
}

static bool is_directory_at(const struct zip *zip, uint64_t at, uint64_t size) {
    return size == 0 || has_record(zip, at, ENTRY_BYTES, ENTRY_SIGNATURE);
}

/* Takes the end record at `end_at` for the archive's when the directory it tells of is there: right before
 * it, with or without a shift; or else exactly where it says. */
static bool take_end(struct zip *zip, size_t end_at) {
    const uint8_t *record = zip->data + end_at;
    struct end end = {.at = end_at, .size = get32(record + 12), .offset = get32(record + 16)};
    if (get16(record + 10) == UINT16_MAX || end.size == UINT32_MAX || end.offset == UINT32_MAX)
        read_end64(zip, end_at, &end);
    if (end.size > end.at || end.offset > end.at - end.size)
        return false;
    uint64_t before = end.at - end.size;
    uint64_t directory = is_directory_at(zip, before, end.size) ? before : end.offset;
    if (!is_directory_at(zip, directory, end.size))
        return false;
    zip->shift = (size_t)(directory - end.offset);
    zip->directory = (size_t)directory;
    zip->directory_end = (size_t)(directory + end.size);
    return true;
}

bool zip_open(struct zip *ret_zip, const void *data, size_t len, struct err *err) {
    struct zip zip = {.data = data, .len = len};
    size_t window = END_BYTES + MOST_COMMENT_BYTES;
    size_t lowest = len > window ? len - window : 0;
    for (size_t at = len < END_BYTES ? 0 : len - END_BYTES + 1; at > lowest;) {
        at--;
        if (has_record(&zip, at, END_BYTES, END_SIGNATURE) && take_end(&zip, at)) {
            *ret_zip = zip;
            return true;
        }
    }
    return err_set(err, ERR_SYNTAX, "No central directory");
}

bool zip_is_empty(const struct zip *zip) {
    return zip->directory == zip->directory_end;
}

/* Takes the next number of the zip64 field when the short form is full. */
static bool widen(uint64_t *number, const uint8_t **field, size_t *field_len) {
    if (*number != UINT32_MAX)
        return true;
    if (*field_len < 8)
        return false;
    *number = get64(*field);
    *field += 8;
    *field_len -= 8;
    return true;
}

static bool read_zip64(const uint8_t *extra, size_t extra_len, struct zip_entry *entry) {
    while (extra_len >= 4) {
        unsigned id = get16(extra);
        size_t field_len = get16(extra + 2);
        extra += 4;
        extra_len -= 4;
        if (field_len > extra_len)
            return true; /* padding of some writers: no fields */
        const uint8_t *field = extra;
        extra += field_len;
        extra_len -= field_len;
        if (id == ZIP64_EXTRA)
            return widen(&entry->unpacked_bytes, &field, &field_len) &&
                   widen(&entry->packed_bytes, &field, &field_len) &&
                   widen(&entry->offset, &field, &field_len);
    }
    return true;
}

bool zip_next(const struct zip *zip, size_t *cursor, struct zip_entry *ret_entry, bool *ret_any,
              struct err *err) {
    size_t left = zip->directory_end - zip->directory - *cursor;
    const uint8_t *record = zip->data + zip->directory + *cursor;
    if (left == 0) {
        *ret_any = false;
        return true;
    }
    if (left < ENTRY_BYTES || get32(record) != ENTRY_SIGNATURE)
        return err_set(err, ERR_SYNTAX, "The central directory is damaged");
    size_t name_len = get16(record + 28);
    size_t extra_len = get16(record + 30);
    size_t size = ENTRY_BYTES + name_len + extra_len + get16(record + 32);
    if (left < size)
        return err_set(err, ERR_SYNTAX, "The central directory is cut");
    unsigned host = record[5];
    unsigned flags = get16(record + 8);
    struct zip_entry entry = {
        .name = (const char *)record + ENTRY_BYTES,
        .name_len = name_len,
        .is_encrypted = flags & (FLAG_ENCRYPTED | FLAG_STRONGLY_ENCRYPTED | FLAG_DIRECTORY_ENCRYPTED),
        .method = get16(record + 10),
        .unix_mode = host == HOST_UNIX || host == HOST_DARWIN ? get32(record + 38) >> 16 : 0,
        .checksum = get32(record + 16),
        .packed_bytes = get32(record + 20),
        .unpacked_bytes = get32(record + 24),
        .offset = get32(record + 42),
    };
    if (!read_zip64(record + ENTRY_BYTES + name_len, extra_len, &entry))
        return err_set(err, ERR_SYNTAX, "An entry of the central directory is damaged");
    *cursor += size;
    *ret_entry = entry;
    *ret_any = true;
    return true;
}

/* The packed bytes of an entry. Its local header must name the same file: readers that trust the one and
 * readers that trust the other must see the same package. */
static bool find_data(const struct zip *zip, const struct zip_entry *entry, const uint8_t **ret_data) {
    if (entry->offset > zip->len - zip->shift)
        return false;
    uint64_t at = zip->shift + entry->offset;
    if (!has_record(zip, at, LOCAL_BYTES, LOCAL_SIGNATURE))
        return false;
    const uint8_t *header = zip->data + at;
    size_t name_len = get16(header + 26);
    size_t size = LOCAL_BYTES + name_len + get16(header + 28);
    size_t left = zip->len - (size_t)at;
    if (left < size || entry->packed_bytes > left - size || name_len != entry->name_len ||
        memcmp(header + LOCAL_BYTES, entry->name, name_len) != 0)
        return false;
    *ret_data = header + size;
    return true;
}

/* What has been unpacked of one entry. */
struct output {
    bool (*sink)(void *arg, const void *data, size_t len, struct err *err);
    void *arg;
    uint64_t left; /* of the claimed size */
    uLong checksum;
};

static bool give(struct output *output, const void *data, size_t len, struct err *err) {
    if (len > output->left)
        return err_set(err, ERR_SYNTAX, "An entry is larger than it claims");
    output->left -= len;
    output->checksum = crc32(output->checksum, data, (uInt)len);
    return len == 0 || output->sink(output->arg, data, len, err);
}

static bool copy_stored(const uint8_t *data, uint64_t len, struct output *output, struct err *err) {
    while (len > 0) {
        size_t piece = len < PIECE_BYTES ? (size_t)len : PIECE_BYTES;
        if (!give(output, data, piece, err))
            return false;
        data += piece;
        len -= piece;
    }
    return true;
}

static bool inflate_all(z_stream *stream, const uint8_t *data, uint64_t len, struct output *output,
                        struct err *err) {
    OWN_MEM uint8_t *piece = mem_alloc(PIECE_BYTES);
    int result = Z_OK;
    while (result == Z_OK) {
        if (stream->avail_in == 0) {
            stream->next_in = data;
            stream->avail_in = len < PIECE_BYTES ? (uInt)len : PIECE_BYTES;
            data += stream->avail_in;
            len -= stream->avail_in;
        }
        stream->next_out = piece;
        stream->avail_out = PIECE_BYTES;
        result = inflate(stream, Z_NO_FLUSH); /* Z_BUF_ERROR when the data end before the stream does */
        if (!give(output, piece, PIECE_BYTES - stream->avail_out, err))
            return false;
    }
    return result == Z_STREAM_END || err_set(err, ERR_SYNTAX, "The data of an entry are damaged");
}

static bool copy_deflated(const uint8_t *data, uint64_t len, struct output *output, struct err *err) {
    z_stream stream = {0};
    if (len == 0) /* an empty file, as some writers put it */
        return true;
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
        return err_set(err, ERR_INTERNAL, "Can't start to unpack");
    bool copied = inflate_all(&stream, data, len, output, err);
    inflateEnd(&stream);
    return copied;
}

bool zip_read(const struct zip *zip, const struct zip_entry *entry,
              bool (*sink)(void *arg, const void *data, size_t len, struct err *err), void *arg,
              struct err *err) {
    const uint8_t *data;
    struct output output = {.sink = sink, .arg = arg, .left = entry->unpacked_bytes};
    if (entry->is_encrypted || (entry->method != ZIP_STORED && entry->method != ZIP_DEFLATED))
        return err_set(err, ERR_UNSUPPORTED, "Encrypted, or packed with method %u", entry->method);
    if (!find_data(zip, entry, &data))
        return err_set(err, ERR_SYNTAX, "The data of an entry are not where its record says");
    bool copied = entry->method == ZIP_STORED ? copy_stored(data, entry->packed_bytes, &output, err)
                                              : copy_deflated(data, entry->packed_bytes, &output, err);
    if (!copied)
        return false;
    if (output.left > 0 || output.checksum != entry->checksum)
        return err_set(err, ERR_SYNTAX, "The data of an entry don't match its checksum");
    return true;
}
