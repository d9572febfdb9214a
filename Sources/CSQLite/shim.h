#pragma once
#include <sqlite3.h>

// SQLITE_TRANSIENT is a function-pointer cast in a macro, which Swift does not import.
static inline int handoff_bind_text_copy(sqlite3_stmt *s, int i, const char *text, int bytes) {
    return sqlite3_bind_text(s, i, text, bytes, SQLITE_TRANSIENT);
}

// Counting memory takes a lock of the whole process for each allocation, and lanes would wait for
// each other there. Variadic, which Swift does not import; only before the first connection.
static inline int handoff_count_no_memory(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

// The lock is the one under which SQLite reads the variable (unixGetTempname).
static inline void handoff_keep_temporary_files(const char *folder) {
    sqlite3_mutex *lock = sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_VFS1);
    sqlite3_mutex_enter(lock);
    sqlite3_free(sqlite3_temp_directory);
    sqlite3_temp_directory = sqlite3_mprintf("%s", folder);
    sqlite3_mutex_leave(lock);
}
