// Store::open: the lock, the file, the schema.

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/os_error.h"
#include "store/schema.h"
#include "store/sqlite_store.h"

namespace bdaas {

namespace {

constexpr mode_t kOwnerOnly = 0600;

// flock, not a lock on the database itself: closing any descriptor of that would drop SQLite's own
// locks (fcntl(2)).
Result<UniqueFd> lock_out_others(const fs::path& file) {
  const fs::path path = file.native() + "-lock";
  UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly));
  if (!lock.valid()) return os_error(errno, fmt::format("cannot open '{}'", path.native()));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return os_error(errno, fmt::format("cannot lock '{}'", path.native()));
  return fail(
      ErrorKind::failed_precondition,
      "the database '{}' is in use by another manager; end that one or use another directory",
      file.native());
}

// Before SQLite opens it: the files it makes beside it take over the mode.
Result<> create_for_owner_only(const fs::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly));
  if (fd.valid() && ::fchmod(fd.get(), kOwnerOnly) == 0) return {};
  return os_error(errno, fmt::format("cannot open the database '{}'", file.native()));
}

// The log's own space, so that a job that fills the disk can still be ended in the rows: some
// hundred commits. Beyond the end of the file, where SQLite's appends find it; it stays when the
// log begins anew. Where the file system cannot hold any, or has none left, there is no such
// reserve.
void reserve_log(const fs::path& file) {
  constexpr off_t kBytes = 8 << 20;  // below journal_size_limit, to which SQLite cuts the log
  const fs::path log = file.native() + "-wal";
  const UniqueFd fd(::open(log.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly));
  if (fd.valid()) ::fallocate(fd.get(), FALLOC_FL_KEEP_SIZE, 0, kBytes);
}

Result<> migrate(SQLite::Database& database, const fs::path& file) {
  database.exec("CREATE TABLE IF NOT EXISTS schema_version(version INTEGER PRIMARY KEY)");
  const int present =
      database.execAndGet("SELECT COALESCE(MAX(version), 0) FROM schema_version").getInt();
  const int newest = static_cast<int>(kMigrations.size());
  if (present > newest) {
    return fail(ErrorKind::failed_precondition,
                "the database '{}' was written by a newer version (schema {}, this one knows {}); "
                "use that version",
                file.native(), present, newest);
  }
  for (int version = present + 1; version <= newest; ++version) {
    SQLite::Transaction transaction(database);
    database.exec(std::string(kMigrations[static_cast<std::size_t>(version - 1)]));
    SQLite::Statement done(database, "INSERT INTO schema_version(version) VALUES(?)");
    done.bind(1, version);
    done.exec();
    transaction.commit();
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const fs::path& file) {
  BDAAS_ASSIGN(UniqueFd lock, lock_out_others(file));
  BDAAS_TRY(create_for_owner_only(file));
  return guarded([&]() -> Result<std::unique_ptr<Store>> {
    auto writer = std::make_unique<Connection>(file, Connection::Mode::write);
    BDAAS_TRY(migrate(writer->database(), file));
    reserve_log(file);
    const auto last_seq =
        writer->database()
            .execAndGet("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'history'")
            .getInt64();
    return std::unique_ptr<Store>(
        std::make_unique<SqliteStore>(file, std::move(lock), std::move(writer), last_seq));
  });
}

}  // namespace bdaas
