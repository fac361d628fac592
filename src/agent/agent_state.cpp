#include "agent/agent_state.h"

#include "base/files.h"

namespace bdaas {

namespace {

constexpr std::uint64_t kStateBytesMax = 256u << 20;

// not_found stays not_found: a first start.
template <class T>
Result<T> read_json_file(const std::string& path) {
  BDAAS_ASSIGN(const auto text, read_file(path, kStateBytesMax));
  BDAAS_ASSIGN(const auto value, parse_json(text).context(path));
  return from_json<T>(value).context(path);
}

bool is_absent(const Error& error) { return error.kind == ErrorKind::not_found; }

}  // namespace

AgentState carried_into(AgentState state, const std::string& boot) {
  if (state.boot == boot) return state;
  state.boot = boot;
  for (auto& daemon : state.daemons) {
    daemon.state = DaemonState::waiting;
    daemon.process.reset();
    daemon.began = daemon.not_before = Millis{};
    daemon.ends.clear();
  }
  for (auto& step : state.steps) step.process.reset();
  return state;
}

Result<StateStore> StateStore::open(const std::string& dir, const std::string& boot) {
  StateStore store(dir);
  auto state = read_json_file<AgentState>(dir + "/agent-state.json");
  if (!state && !is_absent(state.error())) return std::move(state).error();
  if (state) store.state = std::move(*state);
  store.saved_seq_ = store.state.last_seq;
  auto plan = read_json_file<NodePlan>(dir + "/agent-plan.json");
  if (!plan && !is_absent(plan.error())) return std::move(plan).error();
  if (plan) store.plan_ = std::move(*plan);
  store.state = carried_into(std::move(store.state), boot);
  return store;
}

Result<> StateStore::save() {
  BDAAS_TRY(write_file(dir_ + "/agent-state.json", write_json(to_json(state)), 0600));
  changed_ = false;
  saved_seq_ = state.last_seq;
  return {};
}

Result<> StateStore::save_plan(NodePlan plan) {
  BDAAS_TRY(write_file(dir_ + "/agent-plan.json", write_json(to_json(plan)), 0600));
  plan_ = std::move(plan);
  return {};
}

}  // namespace bdaas
