#pragma once
#include <sqlite3.h>

// SQLITE_TRANSIENT is a function-pointer cast in a macro, which Swift does not import.
static inline int handoff_bind_text_copy(sqlite3_stmt *s, int i, const char *text, int bytes) {
    return sqlite3_bind_text(s, i, text, bytes, SQLITE_TRANSIENT);
}
