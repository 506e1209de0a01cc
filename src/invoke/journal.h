/* What one environment writes into the log of its function: the lines of its processes and the platform's own
 * notices, in the function's format, without what its levels leave out. Subscribers of the Telemetry API get
 * them all. */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/clock.h"
#include "invoke/function_log.h"
#include "invoke/invocation.h"
#include "invoke/launch.h"
#include "invoke/notice.h"
#include "invoke/telemetry.h"

struct journal {
    struct function_log *log;
    const struct clock *clock;
    struct telemetry *telemetry; /* the environment's, or NULL */
    struct notice_origin origin;
    struct buf text; /* of the notice at hand */
    char stream[LAUNCH_STREAM_BYTES];
};

/* Begins a log stream. Everything is borrowed and must outlive the journal, which must not be moved. */
void journal_init(struct journal *journal, struct function_log *log, const struct clock *clock,
                  const struct function *function, const char *region, bool is_provisioned);
void journal_done(struct journal *journal);

/* `invocation` gets the line into its tail; NULL for none. */
void journal_line(struct journal *journal, struct invocation *invocation, bool is_extension, const char *text,
                  size_t len);
void journal_notice(struct journal *journal, struct invocation *invocation, const struct notice *notice);
