/* What commands that work beside a daemon share: its data directory. */
#pragma once

/* LAMB_DATA_DIR, or /var/lib/lamb for root and lamb/ in the user's data directory for others. In fresh
 * memory. */
char *data_dir_default(void);

/* The value of --data-dir, which is taken out of `args`; otherwise data_dir_default(). In fresh
 * memory. NULL after a message when --data-dir has no value. `args` is changed in place. */
char *data_dir_take(const char *args[]);
