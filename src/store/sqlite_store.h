#pragma once
// The Store on SQLite: one writing connection for the writer thread, a pool of reading ones for
// everybody else. Only one SqliteStore may have a file: it holds a lock on <file>-lock as long as
// it lives.

#include <atomic>
#include <mutex>
#include <thread>

#include "base/unique_fd.h"
#include "store/connection.h"
#include "store/store.h"

namespace bdaas {

class SqliteStore final : public Store {
 public:
  // lock: held for the life of the store. writer: its schema is up to date.
  SqliteStore(fs::path file, UniqueFd lock, std::unique_ptr<Connection> writer,
              std::int64_t last_seq);
  ~SqliteStore() override;

  Result<> begin() override;
  Result<> commit(Durability durability) override;
  void rollback() override;

  Result<> append_history(HistoryRow row) override;
  Result<std::vector<HistoryRow>> history(const HistoryQuery& query) const override;
  std::int64_t last_seq() const override;

 protected:
  Result<> insert_row(const RawRow& row) override;
  Result<> update_row(const RawRow& row, std::int64_t expected_version) override;
  Result<> remove_row(std::string_view table, const std::string& id) override;
  Result<> read_row(std::string_view table, const std::string& id,
                    const RowVisit& visit) const override;
  Result<> read_rows(std::string_view table, const Query& query,
                     const RowVisit& visit) const override;
  RowCache* writer_cache() const override;

 private:
  bool on_writer_thread() const;
  Result<> require_transaction() const;
  // Runs body with a connection this thread may read from.
  template <class Body>
  auto reading(Body&& body) const -> decltype(body(std::declval<Connection&>()));
  std::unique_ptr<Connection> take_reader() const;
  void give_back(std::unique_ptr<Connection> reader) const;

  const fs::path file_;
  const UniqueFd lock_;

  // The writer thread's.
  const std::unique_ptr<Connection> writer_;
  bool in_transaction_ = false;
  std::int64_t newest_seq_ = 0;  // committed or not
  mutable RowCache cache_;

  std::atomic<std::thread::id> writer_thread_{};
  std::atomic<std::int64_t> committed_seq_;

  mutable std::mutex pool_mutex_;
  mutable std::vector<std::unique_ptr<Connection>> idle_readers_;  // guarded by pool_mutex_
};

}  // namespace bdaas
