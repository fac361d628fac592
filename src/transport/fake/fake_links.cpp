#include "transport/fake/fake_links.h"

#include <algorithm>

namespace bdaas {

FakeLinks::FakeLinks(const Clock& clock, Entropy& entropy, LinkFaults faults)
    : clock_(&clock), entropy_(&entropy), faults_(faults) {}

bool FakeLinks::chance(int thousandths) {
  return thousandths > 0 && entropy_->next() % 1000 < static_cast<unsigned long long>(thousandths);
}

Millis FakeLinks::up_to(Millis max) {
  const auto span = static_cast<unsigned long long>(std::max<std::int64_t>(0, max.count())) + 1;
  return Millis{static_cast<std::int64_t>(entropy_->next() % span)};
}

void FakeLinks::later(Millis delay, Job job) {
  agenda_.emplace(clock_->now() + delay, std::move(job));
}

void FakeLinks::advance() {
  while (!agenda_.empty() && agenda_.begin()->first <= clock_->now()) {
    Job job = std::move(agenda_.begin()->second);
    agenda_.erase(agenda_.begin());
    job();
  }
}

std::optional<Time> FakeLinks::next_event() const {
  if (agenda_.empty()) return std::nullopt;
  return agenda_.begin()->first;
}

// ---- the wire ----

void FakeLinks::open(const NodeId& node, const Machine& machine) {
  auto [link, fresh] = links_.try_emplace(node);
  link->second.machine = machine;
  if (!fresh) return;
  link->second.serial = ++opened_;
  dial_later(node, up_to(faults_.delay_max));
}

void FakeLinks::dial_later(const NodeId& node, Millis delay) {
  later(delay, [this, node, serial = links_.at(node).serial] { dial(node, serial); });
}

void FakeLinks::dial(const NodeId& node, std::int64_t serial) {
  const auto link = links_.find(node);
  if (link == links_.end() || link->second.serial != serial || link->second.up) return;
  const auto agent = agents_.find(node);
  if (agent == agents_.end() || !agent->second.alive) {
    return dial_later(node, Millis{200} + up_to(Millis{300}));
  }
  link->second.up = true;
  ++link->second.epoch;
  link->second.last_report = clock_->now();
  agent->second.follows.clear();
  Hello hello;
  hello.agent_version = "fake";
  hello.installation = agent->second.config.installation;
  hello.lease = agent->second.config.lease;
  hello.node = node;
  hello.boot = fmt::format("boot-{}", agent->second.starts);
  hello.applied_revision = agent->second.plan.revision;
  hello.expires_at = agent->second.config.expires_at;
  to_manager(node, LinkUp{node, hello});
  send_unacknowledged(node, agent->second);
}

void FakeLinks::close(const NodeId& node) { links_.erase(node); }

void FakeLinks::on_event(std::function<void()> wake) {
  wake_ = wake ? std::move(wake) : [] {};
}

void FakeLinks::drop_manager() {
  links_.clear();
  arrived_.clear();
  on_event({});
}

void FakeLinks::break_link(const NodeId& node, const std::string& why) {
  const auto link = links_.find(node);
  if (link == links_.end() || !link->second.up) return;
  link->second.up = false;
  ++link->second.epoch;
  arrived_.push_back(LinkDown{node, why});
  wake_();
  dial_later(node, Millis{50} + up_to(Millis{500}));
}

// Delivers on this connection only.
void FakeLinks::carry(const NodeId& node, Time at, Job deliver) {
  const auto& link = links_.at(node);
  agenda_.emplace(
      at, [this, node, serial = link.serial, epoch = link.epoch, deliver = std::move(deliver)] {
        const auto now = links_.find(node);
        if (now == links_.end() || now->second.serial != serial || !now->second.up) return;
        if (now->second.epoch == epoch) deliver();
      });
}

void FakeLinks::carry_order(const NodeId& node, Job deliver) {
  if (chance(faults_.drop)) return;
  const Time now = clock_->now();
  const Millis held = chance(faults_.reorder) ? faults_.delay_max * 5 : Millis{0};
  if (chance(faults_.twice)) carry(node, now + up_to(faults_.delay_max * 3), deliver);
  carry(node, now + held + up_to(faults_.delay_max), std::move(deliver));
  if (chance(faults_.disconnect)) {
    carry(node, now + up_to(faults_.delay_max), [this, node] { break_link(node, "reset"); });
  }
}

void FakeLinks::carry_report(const NodeId& node, Job deliver) {
  const auto link = links_.find(node);
  if (link == links_.end() || !link->second.up) return;
  Time& last = link->second.last_report;
  const Millis held = chance(faults_.reorder) ? faults_.delay_max * 5 : Millis{0};
  last = std::max(last, clock_->now() + held + up_to(faults_.delay_max));
  if (chance(faults_.drop) || chance(faults_.disconnect)) {
    return carry(node, last, [this, node] { break_link(node, "connection reset"); });
  }
  if (chance(faults_.twice)) carry(node, last + up_to(faults_.delay_max * 3), deliver);
  carry(node, last, std::move(deliver));
}

void FakeLinks::to_manager(const NodeId& node, LinkEvent event) {
  if (std::holds_alternative<LinkUp>(event)) {  // the connection is there with it
    arrived_.push_back(std::move(event));
    wake_();
    return;
  }
  carry_report(node, [this, event = std::move(event)] {
    arrived_.push_back(event);
    wake_();
  });
}

std::vector<LinkEvent> FakeLinks::drain() {
  std::vector<LinkEvent> events;
  events.swap(arrived_);
  return events;
}

bool FakeLinks::send(const NodeId& node, const Order& order) {
  const auto link = links_.find(node);
  if (link == links_.end() || !link->second.up) return false;
  carry_order(node, [this, node, order] { to_agent(node, order); });
  return true;
}

// ---- agents ----

Result<> FakeLinks::place(const Machine& machine, const AgentConfig& config) {
  if (chance(faults_.place_refused)) {
    return fail(ErrorKind::unavailable, "machine {} does not answer", machine.machine_id);
  }
  auto [found, fresh] = agents_.try_emplace(config.node);
  Agent& agent = found->second;
  if (fresh || !agent.alive) {
    agent.config = config;
    agent.machine_id = machine.machine_id;
    agent.alive = true;
    ++agent.starts;
    if (forget_inits_) disks_[machine.machine_id].markers.clear();
    watch_lease(config.node);
    // A new agent process takes up what lies on the disk: plan, daemons that still live, reports.
    const NodePlan plan = agent.plan;
    if (plan.revision > 0) {
      if (forget_inits_) agent.daemons.clear();
      apply_plan(agent, plan);
    }
  }
  if (chance(faults_.place_unanswered)) {
    return fail(ErrorKind::unknown_outcome, "no answer from machine {}", machine.machine_id);
  }
  return {};
}

void FakeLinks::watch_lease(const NodeId& node) {
  const auto found = agents_.find(node);
  if (found == agents_.end() || !found->second.alive) return;
  const Time expires_at = found->second.config.expires_at;
  if (clock_->now() >= expires_at) {
    found->second.alive = false;
    found->second.daemons.clear();
    ++ended_by_themselves_;
    break_link(node, "the lease ran out");
    return;
  }
  agenda_.emplace(expires_at, [this, node] { watch_lease(node); });
}

void FakeLinks::machine_gone(const std::string& machine_id) {
  for (auto& [node, agent] : agents_) {
    if (agent.machine_id != machine_id) continue;
    agent.alive = false;
    agent.daemons.clear();
    agent.unacknowledged.clear();
    break_link(node, "machine gone");
  }
  disks_.erase(machine_id);
}

void FakeLinks::kill_agent(const NodeId& node) {
  const auto found = agents_.find(node);
  if (found == agents_.end() || !found->second.alive) return;
  found->second.alive = false;
  break_link(node, "agent killed");
}

void FakeLinks::crash_daemons(const NodeId& node) {
  const auto found = agents_.find(node);
  if (found == agents_.end() || !found->second.alive) return;
  for (auto& [name, state] : found->second.daemons) {
    if (state != DaemonState::ready) continue;
    state = DaemonState::restarting;
    later(up_to(faults_.daemon_start_max),
          [this, node, daemon = name] { start_daemon(node, daemon); });
  }
  report_daemons(found->second);
}

Time FakeLinks::expires_at(const std::string& machine_id) const {
  Time latest{};
  for (const auto& [node, agent] : agents_) {
    if (agent.machine_id == machine_id) latest = std::max(latest, agent.config.expires_at);
  }
  return latest;
}

std::vector<NodeId> FakeLinks::living_nodes() const {
  std::vector<NodeId> nodes;
  for (const auto& [node, agent] : agents_) {
    if (agent.alive) nodes.push_back(node);
  }
  return nodes;
}

int FakeLinks::living_agents() const {
  return static_cast<int>(std::count_if(agents_.begin(), agents_.end(),
                                        [](const auto& item) { return item.second.alive; }));
}

void FakeLinks::to_agent(const NodeId& node, const Order& order) {
  const auto found = agents_.find(node);
  if (found == agents_.end() || !found->second.alive) return;
  Agent& agent = found->second;
  if (const auto* plan = std::get_if<ApplyPlan>(&order)) {
    if (plan->plan.revision >= agent.plan.revision) apply_plan(agent, plan->plan);
  } else if (const auto* renew = std::get_if<RenewLease>(&order)) {
    agent.config.expires_at = std::max(agent.config.expires_at, renew->expires_at);
    report(agent, LeaseRenewed{0, agent.config.expires_at});
  } else if (const auto* run = std::get_if<RunStep>(&order)) {
    run_step(agent, run->run);
  } else if (const auto* stop = std::get_if<StopStep>(&order)) {
    end_step(stop->step, 143);
  } else if (const auto* ack = std::get_if<Ack>(&order)) {
    auto& waiting = agent.unacknowledged;
    while (!waiting.empty() && seq_of(waiting.front()) <= ack->seq) waiting.pop_front();
  } else if (const auto* wanted = std::get_if<Follow>(&order)) {
    agent.follows.emplace(wanted->step, wanted->stream);
    send_output_end(agent, wanted->step, wanted->stream);
  } else {
    agent.alive = false;
    break_link(node, "shut down");
  }
  if (chance(faults_.agent_dies)) kill_agent(node);
}

void FakeLinks::report(Agent& agent, Report message) {
  std::visit(
      [&](auto& body) {
        if constexpr (requires { body.seq; }) body.seq = ++agent.seq;
      },
      message);
  agent.unacknowledged.push_back(message);
  to_manager(agent.config.node, LinkReport{agent.config.node, message});
}

void FakeLinks::send_unacknowledged(const NodeId& node, Agent& agent) {
  for (const auto& message : agent.unacknowledged) to_manager(node, LinkReport{node, message});
}

void FakeLinks::apply_plan(Agent& agent, const NodePlan& plan) {
  agent.plan = plan;
  for (const auto& daemon : plan.daemons) {
    if (agent.daemons.contains(daemon.name)) continue;
    initialise(agent, daemon);
    agent.daemons[daemon.name] = DaemonState::starting;
    later(up_to(faults_.daemon_start_max),
          [this, node = agent.config.node, name = daemon.name] { start_daemon(node, name); });
  }
  report(agent, PlanApplied{0, plan.revision, ""});
  report_daemons(agent);
}

void FakeLinks::initialise(const Agent& agent, const DaemonSpec& daemon) {
  if (!daemon.init_once) return;
  const std::string& marker = daemon.init_once->marker;
  if (!disks_[agent.machine_id].markers.insert(marker).second) return;
  if (++inits_[{agent.config.cluster, marker}] > 1) {
    violated(fmt::format("{} of {} was initialised twice", daemon.name, agent.config.node.text));
  }
}

void FakeLinks::start_daemon(const NodeId& node, const std::string& name) {
  const auto found = agents_.find(node);
  if (found == agents_.end() || !found->second.daemons.contains(name)) return;
  Agent& agent = found->second;
  agent.daemons[name] = chance(faults_.daemon_fails) ? DaemonState::failed : DaemonState::ready;
  if (agent.alive) report_daemons(agent);
}

void FakeLinks::report_daemons(Agent& agent) {
  DaemonsReport message;
  message.revision = agent.plan.revision;
  for (const auto& [name, state] : agent.daemons) {
    DaemonStatus status;
    status.name = name;
    status.state = state;
    if (state == DaemonState::failed) status.message = name + ": exit code 1 (fake)";
    message.daemons.push_back(status);
  }
  report(agent, message);
}

// ---- steps as processes ----

void FakeLinks::run_step(Agent& agent, const RunSpec& run) {
  auto& machine = disks_[agent.machine_id];
  if (!machine.steps_started.insert(run.step).second) return;  // a repeated order
  if (++runs_[run.step] > 1) violated(fmt::format("{} was started twice", run.step.text));
  machine.steps[run.step] = std::nullopt;
  StepProcess message;
  message.step = run.step;
  message.pid = 1;
  report(agent, message);
}

void FakeLinks::end_step(const StepId& step, int exit_code) {
  for (auto& [node, agent] : agents_) {
    auto& steps = disks_[agent.machine_id].steps;
    const auto found = steps.find(step);
    if (found == steps.end() || found->second) continue;
    found->second = exit_code;
    StepProcess message;
    message.step = step;
    message.exit_code = exit_code;
    report(agent, message);
    const auto follows = agent.follows;
    for (const auto& [followed, stream] : follows) send_output_end(agent, followed, stream);
  }
}

std::vector<StepId> FakeLinks::running_steps() const {
  std::vector<StepId> running;
  for (const auto& [machine, disk] : disks_) {
    for (const auto& [step, exit_code] : disk.steps) {
      if (!exit_code) running.push_back(step);
    }
  }
  return running;
}

std::map<std::string, DaemonState> FakeLinks::daemons_of(const NodeId& node) const {
  const auto agent = agents_.find(node);
  return agent == agents_.end() ? std::map<std::string, DaemonState>{} : agent->second.daemons;
}

// The fake's programs print nothing: all there is to send is the end, once the program has ended.
void FakeLinks::send_output_end(Agent& agent, const StepId& step, OutputStream stream) {
  const auto& steps = disks_[agent.machine_id].steps;
  const auto found = steps.find(step);
  if (found == steps.end() || !found->second) return;
  OutputChunk chunk;
  chunk.step = step;
  chunk.stream = stream;
  chunk.end = true;
  agent.follows.erase({step, stream});
  to_manager(agent.config.node, LinkReport{agent.config.node, chunk});
}

}  // namespace bdaas
