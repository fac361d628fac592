#pragma once
// How a noun lies in the store: its table, its parent column, its state column. A noun takes part
// by a row here.

#include "model/intent.h"
#include "model/nouns.h"

namespace bdaas {

template <class N>
struct NounTraits;

#define BDAAS_NOUN(Type, Table, ParentText)                                            \
  template <>                                                                          \
  struct NounTraits<Type> {                                                            \
    static constexpr std::string_view table = Table;                                   \
    static std::string parent([[maybe_unused]] const Type& row) { return ParentText; } \
  }

BDAAS_NOUN(User, "users", "");
BDAAS_NOUN(Program, "programs", row.name);
BDAAS_NOUN(DataSet, "data_sets", row.name);
BDAAS_NOUN(Cluster, "clusters", "");
BDAAS_NOUN(Node, "nodes", row.cluster.text);
BDAAS_NOUN(Lease, "leases", row.cluster.text);
BDAAS_NOUN(Step, "steps", row.cluster.text);
BDAAS_NOUN(Job, "jobs", row.spec.token);
BDAAS_NOUN(JobResult, "results", row.job.text);
BDAAS_NOUN(Intent, "intents", row.subject);

#undef BDAAS_NOUN

template <class N>
concept Noun = requires {
  NounTraits<N>::table;
};

template <class N>
concept Stateful = Noun<N> && requires(N row) {
  row.status.state;
};

template <class N>
using IdOf = decltype(N::id);
template <Stateful N>
using StateOf = decltype(decltype(N::status)::state);

// Where a new row starts (see states.h).
template <class State>
constexpr State first_state() {
  return edge_table(State{}).front().from;
}

template <Noun N>
std::string owner_of(const N& row) {
  if constexpr (requires { row.owner.text; }) {
    return row.owner.text;
  } else {
    return {};
  }
}

// What the state column holds: the status' state, an intent's state, or nothing.
template <Noun N>
std::string state_of(const N& row) {
  if constexpr (Stateful<N>) {
    return std::string(to_text(row.status.state));
  } else if constexpr (requires { to_text(row.state); }) {
    return std::string(to_text(row.state));
  } else {
    return {};
  }
}

}  // namespace bdaas
