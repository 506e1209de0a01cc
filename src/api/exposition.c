/* See exposition.h. */
#include "api/exposition.h"

#include <inttypes.h>
#include <stdio.h>

/* The end of a sample's name. */
#define NAME_BYTES 128

/* Backslash and newline are escaped everywhere, the quote in the values of labels alone. */
static void put_escaped(struct buf *buf, const char *text, bool is_label) {
    for (; *text; text++) {
        if (*text == '\\' || (*text == '"' && is_label))
            buf_append_byte(buf, '\\');
        if (*text == '\n')
            buf_append_text(buf, "\\n");
        else
            buf_append_byte(buf, *text);
    }
}

void exposition_begin(struct buf *buf, const char *name, const char *type, const char *help) {
    buf_append_format(buf, "# HELP %s ", name);
    put_escaped(buf, help, false);
    buf_append_format(buf, "\n# TYPE %s %s\n", name, type);
}

static void put_name(struct buf *buf, const char *name, const char *const *labels) {
    buf_append_text(buf, name);
    for (size_t i = 0; labels && labels[i]; i += 2) {
        buf_append_format(buf, "%c%s=\"", i == 0 ? '{' : ',', labels[i]);
        put_escaped(buf, labels[i + 1], true);
        buf_append_byte(buf, '"');
    }
    buf_append_text(buf, labels && labels[0] ? "} " : " ");
}

void exposition_put(struct buf *buf, const char *name, const char *const *labels, uint64_t value) {
    put_name(buf, name, labels);
    buf_append_format(buf, "%" PRIu64 "\n", value);
}

void exposition_put_time(struct buf *buf, const char *name, const char *const *labels, uint64_t value_us) {
    put_name(buf, name, labels);
    buf_append_format(buf, "%" PRIu64 ".%06" PRIu64 "\n", value_us / 1000000, value_us % 1000000);
}

void exposition_counter(struct buf *buf, const char *name, const char *help, uint64_t value) {
    exposition_begin(buf, name, "counter", help);
    exposition_put(buf, name, NULL, value);
}

void exposition_gauge(struct buf *buf, const char *name, const char *help, uint64_t value) {
    exposition_begin(buf, name, "gauge", help);
    exposition_put(buf, name, NULL, value);
}

void exposition_put_histogram(struct buf *buf, const char *name,
                              const struct exposition_histogram *histogram) {
    char part[NAME_BYTES];
    char bound[32];
    uint64_t count = 0;
    snprintf(part, sizeof part, "%s_bucket", name);
    for (size_t i = 0; i < histogram->bound_count; i++) {
        count += histogram->counts[i];
        snprintf(bound, sizeof bound, "%g", (double)histogram->bounds_us[i] / 1e6);
        exposition_put(buf, part, EXPOSITION_LABELS("le", bound), count);
    }
    count += histogram->counts[histogram->bound_count];
    exposition_put(buf, part, EXPOSITION_LABELS("le", "+Inf"), count);
    snprintf(part, sizeof part, "%s_sum", name);
    exposition_put_time(buf, part, NULL, histogram->sum_us);
    snprintf(part, sizeof part, "%s_count", name);
    exposition_put(buf, part, NULL, count);
}
