#pragma once
// What the writer wrote or read last, parsed. A control pass lists all nodes and leases of its
// clusters, most of them unchanged: 1,000 take 0.7 ms out of here, 5.6 ms when each is parsed
// again.
//
// Sound because the writer is the only one that changes rows: an entry is replaced by every write,
// and a rollback drops all. The writer thread only. Bounded: a full table starts anew.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/noun_traits.h"

namespace bdaas {

class RowCache {
 public:
  static constexpr std::size_t kRowsMax = 4096;  // of a table; a row takes about 1 KiB

  // The newest content of a row, or nullptr. Valid until the next call of put, erase or clear.
  template <Noun N>
  const N* find(std::string_view id) const {
    const Entry* entry = entry_of(NounTraits<N>::table, id);
    return entry == nullptr ? nullptr : static_cast<const N*>(entry->row.get());
  }

  template <Noun N>
  const N* find(std::string_view id, std::int64_t version) const {
    const Entry* entry = entry_of(NounTraits<N>::table, id);
    const bool current = entry != nullptr && entry->version == version;
    return current ? static_cast<const N*>(entry->row.get()) : nullptr;
  }

  template <Noun N>
  void put(const N& row) {
    Rows& rows = tables_[NounTraits<N>::table];
    if (rows.size() >= kRowsMax && !rows.contains(row.id.text)) rows.clear();
    rows[row.id.text] = {row.version, std::make_shared<const N>(row)};
  }

  void erase(std::string_view table, const std::string& id) {
    const auto found = tables_.find(table);
    if (found != tables_.end()) found->second.erase(id);
  }

  void clear() { tables_.clear(); }

 private:
  struct Entry {
    std::int64_t version = 0;
    std::shared_ptr<const void> row;  // its type follows from the table
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Rows = std::unordered_map<std::string, Entry, Hash, std::equal_to<>>;

  const Entry* entry_of(std::string_view table, std::string_view id) const {
    const auto rows = tables_.find(table);
    if (rows == tables_.end()) return nullptr;
    const auto found = rows->second.find(id);
    return found == rows->second.end() ? nullptr : &found->second;
  }

  std::unordered_map<std::string_view, Rows> tables_;  // by NounTraits<N>::table
};

}  // namespace bdaas
