#include "store/sqlite_store.h"

#include <fmt/format.h>

#include "base/utf8.h"

namespace bdaas {

namespace {

constexpr std::size_t kIdleReadersMax = 4;

std::string_view text_of(const SQLite::Statement& statement, int column) {
  const SQLite::Column value = const_cast<SQLite::Statement&>(statement).getColumn(column);
  const char* text = value.getText();  // before getBytes, as SQLite asks for
  return {text, static_cast<std::size_t>(value.getBytes())};
}

// Only the shape of the query is in the text, so that few texts are ever prepared.
std::string select_text(std::string_view table, const Query& query) {
  std::string sql = fmt::format("SELECT id, version, body FROM {} WHERE 1", table);
  if (query.owner) sql += " AND owner = ?";
  if (query.parent) sql += " AND parent = ?";
  if (!query.states.empty()) {
    sql += " AND state IN (?";
    for (std::size_t i = 1; i < query.states.size(); ++i) sql += ", ?";
    sql += ")";
  }
  if (!query.after.empty()) sql += query.newest_first ? " AND row < ?" : " AND row > ?";
  sql += query.newest_first ? " ORDER BY row DESC LIMIT ?" : " ORDER BY row LIMIT ?";
  return sql;
}

Result<std::int64_t> place_of(Connection& connection, std::string_view table,
                              const std::string& id) {
  auto& statement = connection.prepare(fmt::format("SELECT row FROM {} WHERE id = ?", table));
  const ResetAtEnd reset(statement);
  bind_all(statement, id);
  if (!statement.executeStep()) {
    return fail(ErrorKind::not_found, "{} {}, after which the list shall go on, is gone", table,
                id);
  }
  return statement.getColumn(0).getInt64();
}

Result<> visit_rows(Connection& connection, std::string_view table, const Query& query,
                    const RowVisit& visit) {
  std::int64_t after = 0;
  if (!query.after.empty()) {
    BDAAS_ASSIGN(after, place_of(connection, table, query.after));
  }
  auto& statement = connection.prepare(select_text(table, query));
  const ResetAtEnd reset(statement);
  int index = 0;
  if (query.owner) statement.bind(++index, *query.owner);
  if (query.parent) statement.bind(++index, *query.parent);
  for (const auto& state : query.states) statement.bind(++index, state);
  if (!query.after.empty()) statement.bind(++index, after);
  statement.bind(++index, query.limit);
  while (statement.executeStep()) {
    BDAAS_TRY(
        visit({text_of(statement, 0), statement.getColumn(1).getInt64(), text_of(statement, 2)}));
  }
  return {};
}

Result<HistoryRow> history_row(SQLite::Statement& statement) {
  const auto text = [&](int column) { return std::string(text_of(statement, column)); };
  HistoryRow row;
  row.seq = statement.getColumn(0).getInt64();
  row.at = Time{Millis{statement.getColumn(1).getInt64()}};
  row.kind = text(2);
  row.subject = text(3);
  row.owner = text(4);
  row.context = text(5);
  row.from = text(6);
  row.to = text(7);
  const auto reason = from_text<Reason>(text(8));
  if (!reason)
    return fail(ErrorKind::corrupted, "history {}: unknown reason '{}'", row.seq, text(8));
  row.reason = *reason;
  row.source = text(9);
  row.message = text(10);
  return row;
}

}  // namespace

SqliteStore::SqliteStore(fs::path file, UniqueFd lock, std::unique_ptr<Connection> writer,
                         std::int64_t last_seq)
    : file_(std::move(file)),
      lock_(std::move(lock)),
      writer_(std::move(writer)),
      newest_seq_(last_seq),
      committed_seq_(last_seq) {}

SqliteStore::~SqliteStore() { rollback(); }

// ---- transactions ----

Result<> SqliteStore::begin() {
  if (in_transaction_) return fail(ErrorKind::internal, "a transaction is open already");
  writer_thread_ = std::this_thread::get_id();
  return guarded([&]() -> Result<> {
    writer_->prepare("BEGIN IMMEDIATE").exec();
    in_transaction_ = true;
    return {};
  });
}

Result<> SqliteStore::commit(Durability durability) {
  BDAAS_TRY(require_transaction());
  auto committed = guarded([&]() -> Result<> {
    writer_->prepare("COMMIT").exec();
    return {};
  });
  if (!committed) {
    rollback();
    return committed;
  }
  in_transaction_ = false;
  committed_seq_ = newest_seq_;
  if (durability == Durability::normal) return {};
  const int synced = writer_->sync_log();
  if (synced == SQLITE_OK) return {};
  return fail(ErrorKind::unknown_outcome,
              "the commit stands but may not outlive a loss of power: the disk of '{}' refused to "
              "sync (SQLite code {})",
              file_.native(), synced);
}

void SqliteStore::rollback() {
  if (!in_transaction_) return;
  in_transaction_ = false;
  cache_.clear();
  newest_seq_ = committed_seq_;
  // SQLite has rolled back already when it was the disk that failed; then this says "no
  // transaction".
  writer_->database().tryExec("ROLLBACK");
}

Result<> SqliteStore::require_transaction() const {
  if (in_transaction_ && on_writer_thread()) return {};
  return fail(ErrorKind::internal, "a write outside of a transaction");
}

// ---- writing ----

Result<> SqliteStore::insert_row(const RawRow& row) {
  BDAAS_TRY(require_transaction());
  return guarded([&]() -> Result<> {
    auto& statement = writer_->prepare(fmt::format(
        "INSERT INTO {}(id, owner, parent, state, version, body) VALUES(?, ?, ?, ?, ?, ?)"
        " ON CONFLICT(id) DO NOTHING",
        row.table));
    const ResetAtEnd reset(statement);
    bind_all(statement, row.id, row.owner, row.parent, row.state, row.version, row.body);
    if (statement.exec() == 1) return {};
    return fail(ErrorKind::conflict, "{} {} exists already", row.table, row.id);
  });
}

Result<> SqliteStore::update_row(const RawRow& row, std::int64_t expected_version) {
  BDAAS_TRY(require_transaction());
  return guarded([&]() -> Result<> {
    auto& statement = writer_->prepare(
        fmt::format("UPDATE {} SET owner = ?, parent = ?, state = ?, version = ?, body = ?"
                    " WHERE id = ? AND version = ?",
                    row.table));
    const ResetAtEnd reset(statement);
    bind_all(statement, row.owner, row.parent, row.state, row.version, row.body, row.id,
             expected_version);
    if (statement.exec() == 1) return {};
    std::int64_t stored = 0;
    BDAAS_TRY(read_row(row.table, row.id, [&](const StoredRow& present) -> Result<> {
      stored = present.version;
      return {};
    }));
    return fail(ErrorKind::conflict,
                "{} {} was changed meanwhile (version {}, not {}); read it again", row.table,
                row.id, stored, expected_version);
  });
}

Result<> SqliteStore::remove_row(std::string_view table, const std::string& id) {
  BDAAS_TRY(require_transaction());
  cache_.erase(table, id);
  return guarded([&]() -> Result<> {
    auto& statement = writer_->prepare(fmt::format("DELETE FROM {} WHERE id = ?", table));
    const ResetAtEnd reset(statement);
    bind_all(statement, id);
    if (statement.exec() == 1) return {};
    return fail(ErrorKind::not_found, "there is no {} {}", table, id);
  });
}

Result<> SqliteStore::append_history(HistoryRow row) {
  BDAAS_TRY(require_transaction());
  return guarded([&]() -> Result<> {
    auto& statement = writer_->prepare(
        "INSERT INTO history(at_ms, kind, subject, owner, context, from_state, to_state, reason,"
        " source, message) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    const ResetAtEnd reset(statement);
    bind_all(statement, row.at.time_since_epoch().count(), row.kind, row.subject, row.owner,
             row.context, row.from, row.to, to_text(row.reason), repair_utf8(row.source),
             repair_utf8(row.message));
    statement.exec();
    newest_seq_ = writer_->database().getLastInsertRowid();
    return {};
  });
}

// ---- reading ----

Result<> SqliteStore::read_row(std::string_view table, const std::string& id,
                               const RowVisit& visit) const {
  return reading([&](Connection& connection) -> Result<> {
    auto& statement =
        connection.prepare(fmt::format("SELECT id, version, body FROM {} WHERE id = ?", table));
    const ResetAtEnd reset(statement);
    bind_all(statement, id);
    if (!statement.executeStep()) {
      return fail(ErrorKind::not_found, "there is no {} {}", table, id);
    }
    return visit({text_of(statement, 0), statement.getColumn(1).getInt64(), text_of(statement, 2)});
  });
}

Result<> SqliteStore::read_rows(std::string_view table, const Query& query,
                                const RowVisit& visit) const {
  return reading(
      [&](Connection& connection) { return visit_rows(connection, table, query, visit); });
}

Result<std::vector<HistoryRow>> SqliteStore::history(const HistoryQuery& query) const {
  using Rows = std::vector<HistoryRow>;
  return reading([&](Connection& connection) -> Result<Rows> {
    std::string sql =
        "SELECT seq, at_ms, kind, subject, owner, context, from_state, to_state, reason, source,"
        " message FROM history WHERE seq > ?";
    if (query.owner) sql += " AND owner = ?";
    if (query.subject) sql += " AND (subject = ? OR context = ?)";
    auto& statement = connection.prepare(sql + " ORDER BY seq LIMIT ?");
    const ResetAtEnd reset(statement);
    int index = 0;
    statement.bind(++index, query.after_seq);
    if (query.owner) statement.bind(++index, *query.owner);
    if (query.subject) {
      statement.bind(++index, *query.subject);
      statement.bind(++index, *query.subject);
    }
    statement.bind(++index, query.limit);
    Rows rows;
    while (statement.executeStep()) {
      BDAAS_ASSIGN(auto row, history_row(statement));
      rows.push_back(std::move(row));
    }
    return rows;
  });
}

std::int64_t SqliteStore::last_seq() const {
  return on_writer_thread() ? newest_seq_ : committed_seq_.load();
}

RowCache* SqliteStore::writer_cache() const { return on_writer_thread() ? &cache_ : nullptr; }

// ---- connections ----

bool SqliteStore::on_writer_thread() const {
  return writer_thread_.load(std::memory_order_relaxed) == std::this_thread::get_id();
}

template <class Body>
auto SqliteStore::reading(Body&& body) const -> decltype(body(std::declval<Connection&>())) {
  return guarded([&]() -> decltype(body(std::declval<Connection&>())) {
    if (on_writer_thread()) return body(*writer_);
    auto reader = take_reader();
    auto result = body(*reader);  // a reader whose read threw is not used again
    give_back(std::move(reader));
    return result;
  });
}

std::unique_ptr<Connection> SqliteStore::take_reader() const {
  {
    const std::lock_guard lock(pool_mutex_);
    if (!idle_readers_.empty()) {
      auto reader = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return reader;
    }
  }
  return std::make_unique<Connection>(file_, Connection::Mode::read);
}

void SqliteStore::give_back(std::unique_ptr<Connection> reader) const {
  const std::lock_guard lock(pool_mutex_);
  if (idle_readers_.size() < kIdleReadersMax) idle_readers_.push_back(std::move(reader));
}

}  // namespace bdaas
