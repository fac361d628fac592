#pragma once
// The Store in memory, for thousands of runs a minute. It outlives its manager as a file would:
// restart() is the death of the process, and rows are read back out of their JSON. One thread.

#include <functional>

#include "store/store.h"

namespace bdaas {

class MemoryStore final : public Store {
 public:
  struct Written {
    std::string_view table;
    std::string id;
    std::string state;  // of the state column
  };
  using Writes = std::vector<Written>;

  // Called in commit(), before and after it takes hold; may throw, as if the manager died there.
  std::function<void(const Writes&)> before_commit = [](const Writes&) {};
  std::function<void(const Writes&)> after_commit = [](const Writes&) {};
  // Rows it says no to are not written, though the writer is told that they were.
  std::function<bool(const Written&)> keeps = [](const Written&) { return true; };

  void restart();
  template <Noun N>
  std::vector<N> all(const Query& query = {}) const {
    auto rows = list<N>(query);
    return rows ? *std::move(rows) : std::vector<N>{};
  }
  std::int64_t commits() const { return commits_; }
  const std::vector<HistoryRow>& events() const { return history_; }
  // Of committed rows.
  std::size_t count(std::string_view table, std::string_view state) const;
  bool has_pending_intent(Effect effect, const std::string& subject) const;

  Result<> begin() override;
  Result<> commit(Durability durability) override;
  void rollback() override;
  Result<> append_history(HistoryRow row) override;
  Result<std::vector<HistoryRow>> history(const HistoryQuery& query) const override;
  std::int64_t last_seq() const override { return static_cast<std::int64_t>(history_.size()); }

 protected:
  Result<> insert_row(const RawRow& row) override;
  Result<> update_row(const RawRow& row, std::int64_t expected_version) override;
  Result<> remove_row(std::string_view table, const std::string& id) override;
  Result<> read_row(std::string_view table, const std::string& id,
                    const RowVisit& visit) const override;
  Result<> read_rows(std::string_view table, const Query& query,
                     const RowVisit& visit) const override;
  RowCache* writer_cache() const override { return &cache_; }

 private:
  struct Table {
    std::map<std::int64_t, RawRow> rows;  // in the order of insertion
    std::unordered_map<std::string, std::int64_t> places;
  };
  struct Undo {
    std::string_view table;
    std::string id;
    std::int64_t place;
    std::optional<RawRow> before;
  };
  RawRow* find(std::string_view table, const std::string& id);
  const RawRow* find(std::string_view table, const std::string& id) const;
  void put_back(const Undo& undo);

  std::map<std::string_view, Table> tables_;
  std::vector<HistoryRow> history_;
  std::int64_t next_place_ = 1;
  std::int64_t commits_ = 0;

  bool in_transaction_ = false;
  std::vector<Undo> undo_;
  std::size_t history_before_ = 0;
  Writes writes_;
  mutable RowCache cache_;
};

}  // namespace bdaas
