#pragma once
// One SQLite handle with its prepared statements. One thread at a time. Throws SQLite::Exception;
// guarded() is where that stops.

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <memory>
#include <string>
#include <unordered_map>

#include "base/files.h"

namespace bdaas {

class Connection {
 public:
  enum class Mode { read, write };
  Connection(const fs::path& file, Mode mode);

  // Prepared once per text, then reset and handed out again: one use at a time per text.
  SQLite::Statement& prepare(const std::string& sql);

  SQLite::Database& database() { return database_; }

  // fsync of the write-ahead log: what was committed until now outlives the machine's power.
  // Returns SQLite's code.
  int sync_log();

 private:
  SQLite::Database database_;
  std::unordered_map<std::string, std::unique_ptr<SQLite::Statement>> statements_;
};

// Binds all arguments in order.
void bind_all(SQLite::Statement& statement, const auto&... values) {
  int index = 0;
  const auto bind_one = [&](const auto& value) {
    using T = std::decay_t<decltype(value)>;
    if constexpr (std::is_integral_v<T>) {
      statement.bind(++index, static_cast<std::int64_t>(value));
    } else {
      statement.bind(++index, std::string(value));
    }
  };
  (bind_one(values), ...);
}

// Leaves a statement reset, so that no read transaction stays open behind it.
class ResetAtEnd {
 public:
  explicit ResetAtEnd(SQLite::Statement& statement) : statement_(statement) {}
  ~ResetAtEnd() { statement_.tryReset(); }
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;

 private:
  SQLite::Statement& statement_;
};

// SQLite's refusal as one of our kinds.
Error database_error(const SQLite::Exception& exception);

template <class Body>
auto guarded(Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const SQLite::Exception& exception) {
    return database_error(exception);
  }
}

}  // namespace bdaas
