#include "memory_store.h"

#include <algorithm>

namespace bdaas {

void MemoryStore::restart() {
  rollback();
  cache_.clear();
}

Result<> MemoryStore::begin() {
  if (in_transaction_) return fail(ErrorKind::internal, "transactions do not nest");
  in_transaction_ = true;
  undo_.clear();
  writes_.clear();
  history_before_ = history_.size();
  return {};
}

Result<> MemoryStore::commit(Durability) {
  if (!in_transaction_) return fail(ErrorKind::internal, "a commit outside of a transaction");
  before_commit(writes_);
  in_transaction_ = false;
  ++commits_;
  after_commit(writes_);
  return {};
}

void MemoryStore::rollback() {
  if (!in_transaction_) return;
  in_transaction_ = false;
  for (auto undo = undo_.rbegin(); undo != undo_.rend(); ++undo) put_back(*undo);
  history_.resize(history_before_);
  cache_.clear();
}

void MemoryStore::put_back(const Undo& undo) {
  Table& table = tables_[undo.table];
  if (undo.before) {
    table.rows[undo.place] = *undo.before;
    table.places[undo.id] = undo.place;
  } else {
    table.rows.erase(undo.place);
    table.places.erase(undo.id);
  }
}

MemoryStore::RawRow* MemoryStore::find(std::string_view table, const std::string& id) {
  Table& in = tables_[table];
  const auto place = in.places.find(id);
  return place == in.places.end() ? nullptr : &in.rows.at(place->second);
}

const MemoryStore::RawRow* MemoryStore::find(std::string_view table, const std::string& id) const {
  return const_cast<MemoryStore*>(this)->find(table, id);
}

Result<> MemoryStore::insert_row(const RawRow& row) {
  if (!in_transaction_) return fail(ErrorKind::internal, "a write outside of a transaction");
  if (find(row.table, row.id) != nullptr) {
    return fail(ErrorKind::conflict, "{} {} exists already", row.table, row.id);
  }
  writes_.push_back({row.table, row.id, row.state});
  if (!keeps(writes_.back())) return {};
  Table& table = tables_[row.table];
  const auto place = next_place_++;
  undo_.push_back({row.table, row.id, place, std::nullopt});
  table.rows[place] = row;
  table.places[row.id] = place;
  return {};
}

Result<> MemoryStore::update_row(const RawRow& row, std::int64_t expected_version) {
  if (!in_transaction_) return fail(ErrorKind::internal, "a write outside of a transaction");
  writes_.push_back({row.table, row.id, row.state});
  RawRow* stored = find(row.table, row.id);
  if (stored == nullptr) {
    if (!keeps(writes_.back())) return {};
    return fail(ErrorKind::not_found, "there is no {} {}", row.table, row.id);
  }
  if (stored->version != expected_version) {
    return fail(ErrorKind::conflict, "{} {} was changed meanwhile (version {}, not {})", row.table,
                row.id, stored->version, expected_version);
  }
  undo_.push_back({row.table, row.id, tables_[row.table].places.at(row.id), *stored});
  *stored = row;
  return {};
}

Result<> MemoryStore::remove_row(std::string_view table, const std::string& id) {
  if (!in_transaction_) return fail(ErrorKind::internal, "a write outside of a transaction");
  cache_.erase(table, id);
  const RawRow* stored = find(table, id);
  if (stored == nullptr) return fail(ErrorKind::not_found, "there is no {} {}", table, id);
  Table& in = tables_[table];
  const auto place = in.places.at(id);
  undo_.push_back({stored->table, id, place, *stored});
  in.rows.erase(place);
  in.places.erase(id);
  return {};
}

Result<> MemoryStore::append_history(HistoryRow row) {
  if (!in_transaction_) return fail(ErrorKind::internal, "a write outside of a transaction");
  row.seq = static_cast<std::int64_t>(history_.size()) + 1;
  history_.push_back(std::move(row));
  return {};
}

Result<> MemoryStore::read_row(std::string_view table, const std::string& id,
                               const RowVisit& visit) const {
  const RawRow* row = find(table, id);
  if (row == nullptr) return fail(ErrorKind::not_found, "there is no {} {}", table, id);
  return visit({row->id, row->version, row->body});
}

// Pages (`after`, `limit`, newest first) are for the API; control never asks for them.
Result<> MemoryStore::read_rows(std::string_view table, const Query& query,
                                const RowVisit& visit) const {
  const auto in = tables_.find(table);
  if (in == tables_.end()) return {};
  for (const auto& [place, row] : in->second.rows) {
    if (query.owner && row.owner != *query.owner) continue;
    if (query.parent && row.parent != *query.parent) continue;
    const auto& states = query.states;
    if (!states.empty() && std::find(states.begin(), states.end(), row.state) == states.end()) {
      continue;
    }
    BDAAS_TRY(visit({row.id, row.version, row.body}));
  }
  return {};
}

Result<std::vector<HistoryRow>> MemoryStore::history(const HistoryQuery& query) const {
  std::vector<HistoryRow> rows;
  for (const auto& row : history_) {
    const bool about =
        !query.subject || row.subject == *query.subject || row.context == *query.subject;
    if (row.seq > query.after_seq && about) rows.push_back(row);
  }
  return rows;
}

std::size_t MemoryStore::count(std::string_view table, std::string_view state) const {
  const auto in = tables_.find(table);
  if (in == tables_.end()) return 0;
  return static_cast<std::size_t>(
      std::count_if(in->second.rows.begin(), in->second.rows.end(),
                    [&](const auto& item) { return item.second.state == state; }));
}

bool MemoryStore::has_pending_intent(Effect effect, const std::string& subject) const {
  const auto in = tables_.find(NounTraits<Intent>::table);
  if (in == tables_.end()) return false;
  const std::string begin = fmt::format("t-{}-{}-", to_text(effect), subject);
  return std::any_of(in->second.rows.begin(), in->second.rows.end(), [&](const auto& item) {
    return item.second.state == to_text(IntentState::pending) && item.second.id.starts_with(begin);
  });
}

}  // namespace bdaas
