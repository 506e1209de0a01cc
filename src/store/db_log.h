/* How SQLite's write-ahead logs are written: what a transaction adds to one, in a single write. For store/.
 *
 * SQLite writes each page of a commit, and 24 bytes before it, by calls of their own; for a small commit
 * these cost as much as the sync after them. They follow one another, so they are held until the sync.
 *
 * That is sound as long as a log is written to in commits alone (cache_spill = OFF) and each of them ends
 * with a sync (synchronous = FULL): SQLite tells nobody of a commit before, and nothing is held while
 * another process may write. */
#pragma once

/* The name of the VFS to open a database with. Registers it. */
const char *db_log_vfs(void);
