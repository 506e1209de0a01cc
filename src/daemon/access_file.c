/* See access_file.h. */
#include "daemon/access_file.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sys/fs.h"

bool access_file_write(const char *data_dir, const char *name, const struct access_key *key,
                       const char *region, const char *endpoint, struct err *err) {
    OWN(buf) struct buf text;
    buf_init(&text, 2048);
    buf_append_format(&text,
                      "AWS_ACCESS_KEY_ID=%s\nAWS_SECRET_ACCESS_KEY=%s\nAWS_REGION=%s\nAWS_DEFAULT_REGION=%s\n"
                      "AWS_ENDPOINT_URL=%s\n",
                      key->id, key->secret, region, region, endpoint);
    OWN_MEM char *path = fs_join(data_dir, name);
    return fs_write_atomic(path, text.data, text.len, 0600, err);
}
