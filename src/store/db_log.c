/* See db_log.h. SQLite's documents "The OS Backend (VFS)" and "Write-Ahead Log File Format" have what is
 * stood on here. */
#include "store/db_log.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <sqlite3.h>

#include "base/mem.h"

/* Pages that are held, each with its 24 bytes; a larger commit takes more than one write. The system's VFS
 * writes no more than 0x1ffff bytes at once: it expects a page. */
#define HELD_BYTES_MOST ((size_t)31 * (4096 + 24))
static_assert(HELD_BYTES_MOST <= 0x1ffff, "one write");

/* SQLite gives room for it, with that of the real file behind it. */
struct log_file {
    sqlite3_file file;
    sqlite3_file *real;
    char *held; /* NULL until something is written */
    size_t held_len;
    sqlite3_int64 held_at; /* where it belongs */
};

static struct log_file *log_of(sqlite3_file *file) {
    return (struct log_file *)file;
}

/* What could not be written is forgotten: SQLite takes the transaction back. */
static int write_held(struct log_file *log) {
    size_t len = log->held_len;
    log->held_len = 0;
    return len == 0 ? SQLITE_OK : log->real->pMethods->xWrite(log->real, log->held, (int)len, log->held_at);
}

static int log_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 at) {
    struct log_file *log = log_of(file);
    size_t len = (size_t)size;
    assert(len <= HELD_BYTES_MOST); /* a page has 64 KiB at most */
    bool follows = at == log->held_at + (sqlite3_int64)log->held_len;
    if (!follows || log->held_len + len > HELD_BYTES_MOST) {
        int result = write_held(log);
        if (result != SQLITE_OK)
            return result;
    }
    if (!log->held)
        log->held = mem_alloc(HELD_BYTES_MOST);
    if (log->held_len == 0)
        log->held_at = at;
    memcpy(log->held + log->held_len, data, len);
    log->held_len += len;
    return SQLITE_OK;
}

static int log_read(sqlite3_file *file, void *data, int size, sqlite3_int64 at) {
    struct log_file *log = log_of(file);
    int result = write_held(log);
    return result == SQLITE_OK ? log->real->pMethods->xRead(log->real, data, size, at) : result;
}

static int log_sync(sqlite3_file *file, int flags) {
    struct log_file *log = log_of(file);
    int result = write_held(log);
    return result == SQLITE_OK ? log->real->pMethods->xSync(log->real, flags) : result;
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size) {
    struct log_file *log = log_of(file);
    int result = write_held(log);
    return result == SQLITE_OK ? log->real->pMethods->xTruncate(log->real, size) : result;
}

static int log_size(sqlite3_file *file, sqlite3_int64 *ret_size) {
    struct log_file *log = log_of(file);
    int result = write_held(log);
    return result == SQLITE_OK ? log->real->pMethods->xFileSize(log->real, ret_size) : result;
}

static int log_close(sqlite3_file *file) {
    struct log_file *log = log_of(file);
    int written = write_held(log);
    int closed = log->real->pMethods->xClose(log->real);
    free(log->held);
    return written == SQLITE_OK ? closed : written;
}

static int log_control(sqlite3_file *file, int operation, void *arg) {
    sqlite3_file *real = log_of(file)->real;
    return real->pMethods->xFileControl(real, operation, arg);
}

static int log_sector_size(sqlite3_file *file) {
    sqlite3_file *real = log_of(file)->real;
    return real->pMethods->xSectorSize(real);
}

static int log_characteristics(sqlite3_file *file) {
    sqlite3_file *real = log_of(file)->real;
    return real->pMethods->xDeviceCharacteristics(real);
}

/* Locks are taken on the database, never on its log. */
static int log_lock(sqlite3_file *file, int level) {
    (void)file;
    (void)level;
    return SQLITE_IOERR_LOCK;
}

static int log_is_locked(sqlite3_file *file, int *ret_is_locked) {
    (void)file;
    *ret_is_locked = 0;
    return SQLITE_IOERR_CHECKRESERVEDLOCK;
}

static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_lock,
    .xCheckReservedLock = log_is_locked,
    .xFileControl = log_control,
    .xSectorSize = log_sector_size,
    .xDeviceCharacteristics = log_characteristics,
};

/* Every other file is the system's own. */
static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags) {
    sqlite3_vfs *system = vfs->pAppData;
    if (!(flags & SQLITE_OPEN_WAL))
        return system->xOpen(system, name, file, flags, ret_flags);
    struct log_file *log = log_of(file);
    *log = (struct log_file){.real = (sqlite3_file *)(log + 1)};
    int result = system->xOpen(system, name, log->real, flags, ret_flags);
    if (result == SQLITE_OK)
        log->file.pMethods = &log_methods;
    return result;
}

/* SQLite keeps it, and has a lock for its list; two threads that came first together would register two, of
 * which either is right. */
const char *db_log_vfs(void) {
    static const char name[] = "lamb";
    if (sqlite3_vfs_find(name))
        return name;
    sqlite3_vfs *system = sqlite3_vfs_find(NULL);
    sqlite3_vfs *vfs = mem_copy(system, sizeof *system);
    vfs->zName = name;
    vfs->pNext = NULL;
    vfs->pAppData = system;
    vfs->szOsFile += (int)sizeof(struct log_file);
    vfs->xOpen = open_file;
    sqlite3_vfs_register(vfs, 0);
    return name;
}
