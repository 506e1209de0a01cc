/* Floor of a durable queue: one table, one writer, events of 1 kB.
 *
 *   floor_queue FILE EVENTS_PER_COMMIT SECONDS
 *
 * Writes events to a new SQLite database (WAL, synchronous=FULL), so many in each transaction, and prints the
 * rate. With 0 events per commit there is no database: each event is appended to a file, with a fsync of its
 * own. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "bench/clock.h"
#include "bench/die.h"

#define EVENT_BYTES 1024

static char event[EVENT_BYTES];

static void execute(sqlite3 *db, const char *sql) {
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        die("%s: %s", sql, sqlite3_errmsg(db));
}

static void step(sqlite3 *db, sqlite3_stmt *statement) {
    if (sqlite3_step(statement) != SQLITE_DONE)
        die("%s", sqlite3_errmsg(db));
    sqlite3_reset(statement);
}

static double commit_rate(const char *path, long events_per_commit, double seconds) {
    sqlite3 *db;
    sqlite3_stmt *begin, *insert, *commit;
    if (sqlite3_open(path, &db) != SQLITE_OK)
        die("open %s", path);
    execute(db, "PRAGMA journal_mode = WAL");
    execute(db, "PRAGMA synchronous = FULL");
    execute(db, "CREATE TABLE event (id INTEGER PRIMARY KEY, body BLOB NOT NULL)");
    if (sqlite3_prepare_v2(db, "BEGIN IMMEDIATE", -1, &begin, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "INSERT INTO event (body) VALUES (?)", -1, &insert, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "COMMIT", -1, &commit, NULL) != SQLITE_OK)
        die("%s", sqlite3_errmsg(db));
    sqlite3_bind_blob(insert, 1, event, sizeof event, SQLITE_STATIC);
    int64_t start_ns = clock_now_ns();
    int64_t end_ns = start_ns + (int64_t)(seconds * 1e9);
    int64_t now_ns;
    int64_t count = 0;
    do {
        step(db, begin);
        for (long i = 0; i < events_per_commit; i++)
            step(db, insert);
        step(db, commit);
        count += events_per_commit;
        now_ns = clock_now_ns();
    } while (now_ns < end_ns);
    sqlite3_finalize(begin);
    sqlite3_finalize(insert);
    sqlite3_finalize(commit);
    sqlite3_close(db);
    return (double)count * 1e9 / (double)(now_ns - start_ns);
}

static double fsync_rate(const char *path, double seconds) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        die_errno("open %s", path);
    int64_t start_ns = clock_now_ns();
    int64_t end_ns = start_ns + (int64_t)(seconds * 1e9);
    int64_t now_ns;
    int64_t count = 0;
    do {
        if (write(fd, event, sizeof event) != sizeof event || fsync(fd) != 0)
            die_errno("write %s", path);
        count++;
        now_ns = clock_now_ns();
    } while (now_ns < end_ns);
    close(fd);
    return (double)count * 1e9 / (double)(now_ns - start_ns);
}

int main(int argc, char **argv) {
    if (argc != 4)
        die("usage: floor_queue FILE EVENTS_PER_COMMIT SECONDS");
    long events_per_commit = strtol(argv[2], NULL, 10);
    double seconds = strtod(argv[3], NULL);
    memset(event, 'x', sizeof event);
    double rate = events_per_commit > 0 ? commit_rate(argv[1], events_per_commit, seconds)
                                        : fsync_rate(argv[1], seconds);
    printf("{\"rate\": %.0f}\n", rate);
    return 0;
}
