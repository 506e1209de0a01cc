/* See group.h. */
#include "queue/group.h"

bool group_has_front(struct db *db, int64_t queue, const char *group, bool *ret_has_front, struct err *err) {
    int64_t latest_due_ms;
    return queue_rows_front(db, queue, group, &latest_due_ms, ret_has_front, err);
}

bool group_move_up(struct db *db, int64_t queue, const char *group, struct err *err) {
    bool is_found;
    if (!group_has_front(db, queue, group, &is_found, err))
        return false;
    if (is_found)
        return true;
    struct queue_row row;
    if (!queue_rows_first_of_group(db, queue, group, true, &row, &is_found, err))
        return false;
    if (!is_found)
        return true;
    queue_row_done(&row);
    return queue_rows_park(db, &row, false, err);
}

bool group_open(struct db *db, int64_t queue, const char *group, int64_t now_ms, bool *ret_is_open,
                struct err *err) {
    int64_t latest_due_ms;
    bool is_found;
    if (!queue_rows_front(db, queue, group, &latest_due_ms, &is_found, err) ||
        !queue_rows_park_front(db, queue, group, now_ms, err))
        return false;
    *ret_is_open = !is_found || latest_due_ms <= now_ms;
    return true;
}
