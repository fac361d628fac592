#include "store/connection.h"

namespace bdaas {

namespace {

// Somebody with a database shell, or a backup, may hold the file for a moment; the store itself
// never waits.
constexpr int kBusyTimeoutMs = 5'000;

int open_flags(Connection::Mode mode) {
  // One thread at a time uses a handle, so SQLite's own mutex is not needed.
  const int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  return common | (mode == Connection::Mode::write ? SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE
                                                   : SQLite::OPEN_READONLY);
}

}  // namespace

Connection::Connection(const fs::path& file, Mode mode)
    : database_(file.string(), open_flags(mode), kBusyTimeoutMs) {
  database_.exec("PRAGMA cache_size = -2000");  // KiB
  if (mode == Mode::read) return;
  database_.exec("PRAGMA journal_mode = WAL");
  database_.exec("PRAGMA synchronous = NORMAL");
  database_.exec("PRAGMA journal_size_limit = 16777216");
}

SQLite::Statement& Connection::prepare(const std::string& sql) {
  auto& statement = statements_[sql];
  if (!statement) {
    statement = std::make_unique<SQLite::Statement>(database_, sql);
  } else {
    statement->tryReset();
  }
  return *statement;
}

int Connection::sync_log() {
  sqlite3_file* log = nullptr;
  const int found =
      sqlite3_file_control(database_.getHandle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (found != SQLITE_OK) return found;
  if (log == nullptr || log->pMethods == nullptr) return SQLITE_OK;
  return log->pMethods->xSync(log, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

Error database_error(const SQLite::Exception& exception) {
  const char* what = exception.what();
  switch (exception.getErrorCode() & 0xff) {
    case SQLITE_FULL:
      return fail(ErrorKind::resource_exhausted,
                  "the database cannot grow ({}); free some space on its disk", what);
    case SQLITE_CONSTRAINT:
      return fail(ErrorKind::conflict, "the database has such a row already ({})", what);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return fail(ErrorKind::corrupted, "the database file is damaged ({}); restore it from a copy",
                  what);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fail(ErrorKind::unavailable,
                  "the database is held by another program ({}); close that program", what);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return fail(ErrorKind::unavailable,
                  "the database cannot be read or written ({}); look at its disk and permissions",
                  what);
    default:
      return fail(ErrorKind::internal, "the database refused a statement ({})", what);
  }
}

}  // namespace bdaas
