// The JSON of every noun, made once.

#include "base/json.h"
#include "base/utf8.h"
#include "store/store.h"

namespace bdaas {

// A program's output ends up in messages, and nothing says that it is UTF-8; JSON must be.
template <Noun N>
Store::RawRow Store::raw(const N& row) {
  std::string body = write_json(to_json(row));
  const bool repaired = !is_utf8(body);
  if (repaired) body = repair_utf8(std::move(body));
  return {NounTraits<N>::table, row.id.text,     owner_of(row), NounTraits<N>::parent(row),
          state_of(row),        std::move(body), row.version,   repaired};
}

template <Noun N>
Result<N> Store::parse(std::string_view body) {
  BDAAS_ASSIGN(auto value, parse_json(body));
  return from_json<N>(value, NounTraits<N>::table);
}

template Store::RawRow Store::raw(const User&);
template Store::RawRow Store::raw(const Program&);
template Store::RawRow Store::raw(const DataSet&);
template Store::RawRow Store::raw(const Cluster&);
template Store::RawRow Store::raw(const Node&);
template Store::RawRow Store::raw(const Lease&);
template Store::RawRow Store::raw(const Step&);
template Store::RawRow Store::raw(const Job&);
template Store::RawRow Store::raw(const JobResult&);
template Store::RawRow Store::raw(const Intent&);

template Result<User> Store::parse(std::string_view);
template Result<Program> Store::parse(std::string_view);
template Result<DataSet> Store::parse(std::string_view);
template Result<Cluster> Store::parse(std::string_view);
template Result<Node> Store::parse(std::string_view);
template Result<Lease> Store::parse(std::string_view);
template Result<Step> Store::parse(std::string_view);
template Result<Job> Store::parse(std::string_view);
template Result<JobResult> Store::parse(std::string_view);
template Result<Intent> Store::parse(std::string_view);

}  // namespace bdaas
