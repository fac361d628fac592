#pragma once
// Rows and their history, in one SQLite file (WAL). No reasons, no providers, no HTTP in here.
//
// Threads: writing (begin … commit) belongs to one thread, the writer: the one that called begin()
// last. Reading is open to any thread, sees the last commit, and never waits for the writer. The
// writer itself reads what it has written, also before the commit, and mostly out of memory
// (row_cache.h).
//
// Every noun is a table (row, id, owner, parent, state, version, body JSON); see noun_traits.h and
// schema.h. `status` changes only through transition(), which checks the edge table, the version,
// and appends to the history in the same transaction. Everything else of a row changes through
// update(), which checks the version.

#include <functional>
#include <memory>

#include "base/files.h"
#include "store/noun_traits.h"
#include "store/row_cache.h"

namespace bdaas {

// One line of history: a transition, or a note (from == to == "") worth showing: "node ready",
// "data loaded". Also the stream of events: seq grows over all subjects and is never used twice.
struct HistoryRow {
  std::int64_t seq = 0;
  Time at{};
  std::string kind;     // table of the subject: clusters, steps, …
  std::string subject;  // its id
  std::string owner;
  std::string context;  // id of what it belongs to, for filters: the cluster of a node, the job of
                        // a step; or ""
  std::string from;
  std::string to;
  Reason reason = Reason::none;
  std::string source;
  std::string message;

  static constexpr auto fields() {
    return std::tuple{required("seq", &HistoryRow::seq, "grows, never used twice"),
                      required("at", &HistoryRow::at, ""),
                      required("kind", &HistoryRow::kind, ""),
                      required("subject", &HistoryRow::subject, "id"),
                      optional("owner", &HistoryRow::owner, ""),
                      optional("context", &HistoryRow::context, "what it belongs to"),
                      optional("from", &HistoryRow::from, "empty with to: a note"),
                      optional("to", &HistoryRow::to, ""),
                      optional("reason", &HistoryRow::reason, ""),
                      optional("source", &HistoryRow::source, ""),
                      optional("message", &HistoryRow::message, "")};
  }
};

struct Query {
  std::optional<std::string> owner;
  std::optional<std::string> parent;
  std::vector<std::string> states;  // empty: any
  std::string
      after;  // id of the last row of the page before; empty: from the start. not_found: it is gone
  std::int64_t limit = 1'000'000;
  bool newest_first = false;
};

// full: on disk before commit() returns (an intent before its call); normal: may be lost with the
// machine's power, never with the process.
enum class Durability { normal, full };

// A row as it lies in the file; valid during the visit only.
struct StoredRow {
  std::string_view id;
  std::int64_t version = 0;
  std::string_view body;
};
using RowVisit = std::function<Result<>(const StoredRow&)>;

class Store {
 public:
  // Creates or migrates the file (0600). A second manager on the same file is refused:
  // failed_precondition. So is a file written by a newer version.
  static Result<std::unique_ptr<Store>> open(const fs::path& file);
  virtual ~Store() = default;

  // ---- writing: the writer thread only ----
  // A write that fails (conflict, not_found, failed_precondition) has changed nothing; the
  // transaction goes on.
  virtual Result<> begin() = 0;  // transactions do not nest
  virtual Result<> commit(
      Durability durability) = 0;  // after an error nothing of it remains, unless it says so
  virtual void
  rollback() = 0;  // also undoes what the writer's reads see; without a transaction it does nothing

  // Sets version to 1; a status gets `since` and its first history row. conflict when the id is
  // there already, failed_precondition when its state is not the one a new row starts in.
  template <Noun N>
  Result<> insert(N& row, Time now) {
    if constexpr (Stateful<N>) {
      if (row.status.state != first_state<StateOf<N>>()) {
        return fail(ErrorKind::failed_precondition, "{} {} cannot begin as {}",
                    NounTraits<N>::table, row.id.text, to_text(row.status.state));
      }
      row.status.since = now;
    }
    row.version = 1;
    RawRow text = raw(row);
    BDAAS_TRY(insert_row(text));
    remember(row, text);
    if constexpr (Stateful<N>) BDAAS_TRY(append_history(history_of(row, "", now)));
    return {};
  }

  // All but the status, which is taken from the stored row. conflict when the version differs.
  // Bumps row.version.
  template <Noun N>
  Result<> update(N& row) {
    if constexpr (Stateful<N>) {
      BDAAS_ASSIGN(const N stored, get<N>(row.id));
      row.status = stored.status;
    }
    const auto expected = row.version++;
    RawRow text = raw(row);
    auto done = update_row(text, expected);
    if (done) {
      remember(row, text);
    } else {
      row.version = expected;
    }
    return done;
  }

  // The only code that changes a state. Other members of `row` that were changed are written too.
  // failed_precondition when the edge table has no such edge; conflict when the version differs.
  template <Stateful N>
  Result<> transition(N& row, StateOf<N> to, Reason reason, std::string source, std::string message,
                      Time now) {
    BDAAS_ASSIGN(const N stored, get<N>(row.id));
    const auto from = stored.status.state;
    if (!may_move(from, to)) {
      return fail(ErrorKind::failed_precondition, "{} {} is {} and cannot become {}",
                  NounTraits<N>::table, row.id.text, to_text(from), to_text(to));
    }
    N next = row;
    next.status = {to, reason, std::move(source), std::move(message), now};
    ++next.version;
    RawRow text = raw(next);
    BDAAS_TRY(update_row(text, row.version));
    remember(next, text);
    BDAAS_TRY(append_history(history_of(next, to_text(from), now)));
    row = std::move(next);
    return {};
  }

  template <Noun N>
  Result<> remove(const IdOf<N>& id) {
    return remove_row(NounTraits<N>::table, id.text);
  }

  virtual Result<> append_history(HistoryRow row) = 0;  // seq is given by the store

  // ---- reading: any thread ----
  template <Noun N>
  Result<N> get(const IdOf<N>& id) const {
    RowCache* cache = writer_cache();
    if (cache != nullptr) {
      if (const auto* known = cache->find<N>(id.text)) return *known;
    }
    std::optional<N> row;
    BDAAS_TRY(read_row(NounTraits<N>::table, id.text, [&](const StoredRow& stored) -> Result<> {
      BDAAS_ASSIGN(row, parse<N>(stored.body));
      if (cache != nullptr) cache->put(*row);
      return {};
    }));
    return *std::move(row);
  }

  template <Noun N>
  Result<std::vector<N>> list(const Query& query = {}) const {
    RowCache* cache = writer_cache();
    std::vector<N> rows;
    BDAAS_TRY(read_rows(NounTraits<N>::table, query, [&](const StoredRow& stored) -> Result<> {
      const N* known = cache == nullptr ? nullptr : cache->find<N>(stored.id, stored.version);
      if (known != nullptr) {
        rows.push_back(*known);
        return {};
      }
      BDAAS_ASSIGN(auto row, parse<N>(stored.body));
      if (cache != nullptr) cache->put(row);
      rows.push_back(std::move(row));
      return {};
    }));
    return rows;
  }

  struct HistoryQuery {
    std::int64_t after_seq = 0;
    std::optional<std::string> owner;
    std::optional<std::string> subject;  // matches subject or context
    std::int64_t limit = 10'000;
  };
  virtual Result<std::vector<HistoryRow>> history(const HistoryQuery& query) const = 0;
  virtual std::int64_t last_seq() const = 0;

 protected:
  struct RawRow {
    std::string_view table;
    std::string id, owner, parent, state, body;
    std::int64_t version = 0;
    bool repaired = false;  // the body is not quite the row
  };
  virtual Result<> insert_row(const RawRow& row) = 0;
  virtual Result<> update_row(const RawRow& row, std::int64_t expected_version) = 0;
  virtual Result<> remove_row(std::string_view table, const std::string& id) = 0;
  virtual Result<> read_row(std::string_view table, const std::string& id,
                            const RowVisit& visit) const = 0;  // not_found
  virtual Result<> read_rows(std::string_view table, const Query& query,
                             const RowVisit& visit) const = 0;
  // The cache when this is the writer thread, else nullptr.
  virtual RowCache* writer_cache() const = 0;

 private:
  // Defined for every noun in noun_text.cpp: the JSON of all of them in each reader of this header
  // would double what the whole costs to compile.
  template <Noun N>
  static RawRow raw(const N& row);
  template <Noun N>
  static Result<N> parse(std::string_view body);

  template <Noun N>
  void remember(const N& row, const RawRow& stored) {
    RowCache* cache = writer_cache();
    if (cache == nullptr) return;
    if (stored.repaired) {
      cache->erase(stored.table, stored.id);
    } else {
      cache->put(row);
    }
  }
  template <Stateful N>
  static HistoryRow history_of(const N& row, std::string_view from, Time now) {
    HistoryRow entry;
    entry.at = now;
    entry.kind = NounTraits<N>::table;
    entry.subject = row.id.text;
    entry.owner = owner_of(row);
    entry.context = context_of(row);
    entry.from = from;
    entry.to = to_text(row.status.state);
    entry.reason = row.status.reason;
    entry.source = row.status.source;
    entry.message = row.status.message;
    return entry;
  }
  static std::string context_of(const Lease& row) { return row.cluster.text; }
  static std::string context_of(const Step& row) {
    return row.job ? row.job->text : row.cluster.text;
  }
  static std::string context_of(const Cluster& row) { return row.job ? row.job->text : ""; }
  static std::string context_of(const Job&) { return ""; }
};

}  // namespace bdaas
