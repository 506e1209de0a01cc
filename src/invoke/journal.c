/* See journal.h. */
#include "invoke/journal.h"

#include "invoke/line_level.h"

/* Far more than the longest notice has. */
#define NOTICE_BYTES 4096

void journal_init(struct journal *journal, struct function_log *log, const struct clock *clock,
                  const struct function *function, const char *region, bool is_provisioned) {
    *journal = (struct journal){.log = log, .clock = clock};
    launch_log_stream(function, clock_wall_us(clock), journal->stream);
    journal->origin = (struct notice_origin){
        .function = function, .region = region, .stream = journal->stream, .is_provisioned = is_provisioned};
    buf_init(&journal->text, NOTICE_BYTES);
}

void journal_done(struct journal *journal) {
    buf_done(&journal->text);
}

static void append(struct journal *journal, struct invocation *invocation, const char *text, size_t len) {
    function_log_append(journal->log, journal->stream, text, len);
    if (invocation)
        invocation_log(invocation, text, len);
}

void journal_line(struct journal *journal, struct invocation *invocation, bool is_extension, const char *text,
                  size_t len) {
    const struct function *function = journal->origin.function;
    bool filters = !is_extension && function->logs_json &&
                   function->application_log_level > FUNCTION_LOG_TRACE;
    if (journal->telemetry)
        telemetry_line(journal->telemetry, is_extension ? TELEMETRY_EXTENSION : TELEMETRY_FUNCTION, text, len,
                       clock_wall_us(journal->clock));
    if (!filters || line_level(text, len) >= function->application_log_level)
        append(journal, invocation, text, len);
}

void journal_notice(struct journal *journal, struct invocation *invocation, const struct notice *notice) {
    const struct notice_origin *origin = &journal->origin;
    const struct function *function = origin->function;
    int64_t wall_us = clock_wall_us(journal->clock);
    if (journal->telemetry)
        telemetry_notice(journal->telemetry, notice, wall_us);
    if (function->logs_json && notice_level(notice, origin) < function->system_log_level)
        return;
    buf_clear(&journal->text);
    if (function->logs_json)
        notice_append_json(notice, origin, wall_us, &journal->text);
    else
        notice_append_text(notice, origin, &journal->text);
    if (journal->text.len > 0)
        append(journal, invocation, journal->text.data, journal->text.len);
}
