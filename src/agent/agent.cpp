#include "agent/agent.h"

#include <sys/wait.h>

#include "agent/apply_plan.h"
#include "agent/log_tail.h"

namespace bdaas {

namespace {

constexpr Millis kSlowPassEvery{5'000};
constexpr Millis kLookAtOutputEvery{200};
constexpr Millis kStopTime{10'000};
constexpr Millis kKillTime{5'000};
constexpr std::size_t kUnsentOutputMax = 1u << 20;

}  // namespace

Agent::Agent(const NodeContext& node, const NodeFiles& files, StateStore& store, LinkServer& server)
    : node_(node),
      files_(files),
      store_(store),
      server_(server),
      outbox_(store),
      daemons_(node, files, store),
      steps_(node, files, store) {
  const auto self = identify(::getpid()).value_or(ProcessId{});
  start_ = fmt::format("{}.{}", store_.state.boot, self.start);
  store_.state.lease = renew(store_.state.lease, node_.config.expires_at, time()).lease;
  store_.mark();
}

Now Agent::time() const { return {BootClock::now(), clock_.now(), store_.state.boot}; }

Hello Agent::hello() const {
  Hello hello;
  hello.agent_version = node_.version;
  hello.installation = node_.config.installation;
  hello.lease = node_.config.lease;
  hello.node = node_.config.node;
  hello.boot = start_;
  hello.applied_revision = store_.plan().revision;
  hello.expires_at = store_.state.lease.expires_at;
  return hello;
}

bool Agent::tick() {
  const Instant now = BootClock::now();
  reap_orphans();
  server_.accept(hello());
  for (auto& connection : server_.connections()) take_orders(connection, now);
  watch_lease(now);
  report(now);
  if (now >= next_slow_pass_) slow_pass(now);
  // What is not saved is not sent either (Outbox::saved), and tried again in the next round.
  if (const auto saved = store_.save_if_marked(); !saved) {
    node_.log.error("{}", saved.error().message);
  }
  more_output_ = false;
  for (auto& connection : server_.connections()) {
    connection.send_new(outbox_.saved());
    const bool more = send_output(connection);
    connection.flush();
    // While its manager does not read, that it can be written to again is what to wait for.
    more_output_ |= more && connection.unsent() < kUnsentOutputMax;
  }
  server_.drop_closed();
  if (shut_down_) return false;
  return !end_by_ || (now < *end_by_ && !(daemons_.none_left() && steps_.none_running()));
}

void Agent::wait_for(WaitSet& wait) const {
  const Instant now = BootClock::now();
  server_.wait_for(wait);
  daemons_.wait_for(wait);
  steps_.wait_for(wait);
  wait.at(next_slow_pass_);
  wait.at(end_by_ ? *end_by_ : store_.state.lease.deadline());
  for (const auto& connection : server_.connections()) {
    if (!connection.follower.idle()) wait.at(more_output_ ? now : now + kLookAtOutputEvery);
  }
}

void Agent::take_orders(Connection& connection, Instant now) {
  for (const auto& order : connection.receive()) {
    if (end_by_ || shut_down_) return;
    std::visit(
        [&](const auto& body) {
          using Body = std::decay_t<decltype(body)>;
          if constexpr (std::is_same_v<Body, Follow>) {
            connection.follower.follow(body);
          } else if constexpr (std::is_same_v<Body, Ack>) {
            outbox_.acknowledge(body.seq);
          } else if constexpr (std::is_same_v<Body, StopStep>) {
            steps_.stop(body.step, body.grace_ms, now);
          } else if constexpr (std::is_same_v<Body, ShutDown>) {
            shut_down_ = true;
          } else {
            carry_out(body);
          }
        },
        order);
  }
}

void Agent::carry_out(const ApplyPlan& order) {
  PlanApplied answer;
  answer.revision = order.plan.revision;
  if (const auto applied = apply(order.plan); !applied) answer.error = applied.error().message;
  node_.log.info("plan {}: {}", answer.revision, answer.error.empty() ? "applied" : answer.error);
  outbox_.add(std::move(answer));
  daemons_changed_ = true;
}

Result<> Agent::apply(const NodePlan& plan) {
  const auto present = store_.plan().revision;
  if (plan.revision == present && present > 0) return {};  // repeated
  if (plan.revision < present) {
    return fail(ErrorKind::conflict, "plan {} is older than plan {}, which this node has",
                plan.revision, present);
  }
  BDAAS_TRY(check_plan(plan, node_.config.dir));
  BDAAS_TRY(write_plan_files(plan, files_));
  BDAAS_TRY(store_.save_plan(plan));
  daemons_.plan_changed();
  return {};
}

void Agent::carry_out(const RenewLease& order) {
  const auto renewed = renew(store_.state.lease, order.expires_at, time());
  store_.state.lease = renewed.lease;
  store_.mark();
  LeaseRenewed answer;
  answer.expires_at = renewed.lease.expires_at;
  outbox_.add(answer);
}

void Agent::carry_out(const RunStep& order) {
  const auto started = steps_.run(order.run);
  if (started) return;
  StepProcess ended;
  ended.step = order.run.step;
  ended.exit_code = 255;
  ended.last_lines = fmt::format("node {}: cannot start the program: {}", node_.config.node.text,
                                 started.error().message);
  outbox_.add(std::move(ended));
}

void Agent::watch_lease(Instant now) {
  if (end_by_ || now < store_.state.lease.deadline()) return;
  node_.log.warning("nobody renewed the lease: stopping everything on this node");
  daemons_.stop_all();
  steps_.stop_all(now);
  end_by_ = now + kStopTime;
}

void Agent::report(Instant now) {
  daemons_changed_ |= daemons_.tick(now);
  for (auto& process : steps_.tick(now)) outbox_.add(std::move(process));
  if (!daemons_changed_) return;
  daemons_changed_ = false;
  DaemonsReport daemons;
  daemons.revision = store_.plan().revision;
  daemons.daemons = daemons_.statuses();
  outbox_.add(std::move(daemons));
}

void Agent::slow_pass(Instant now) {
  next_slow_pass_ = now + kSlowPassEvery;
  daemons_.bound_logs();
  if (server_.connections().empty()) return;
  const auto sample = sampler_.take(node_.config.dir, now, clock_.now());
  for (auto& connection : server_.connections()) {
    if (connection.unsent() < kUnsentOutputMax) connection.send(sample);
  }
}

bool Agent::send_output(Connection& connection) {
  const auto has_ended = [this](const StepId& step) { return steps_.has_ended(step); };
  while (!connection.follower.idle()) {
    if (connection.unsent() >= kUnsentOutputMax) return true;
    const auto chunk = connection.follower.next_chunk(node_.config.dir, has_ended);
    if (!chunk) return false;
    connection.send(*chunk);
  }
  return false;
}

// Children that others left to this process (it is their subreaper) are only to be forgotten. A
// child of our own is reaped by who waits for its code, in this round or the next.
void Agent::reap_orphans() const {
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
    if (daemons_.owns(info.si_pid) || steps_.owns(info.si_pid)) return;
    ::waitpid(info.si_pid, nullptr, WNOHANG);
  }
}

Result<> Agent::clean_up(const NodeContext& node) {
  const auto left =
      kill_all({kLeaseVariable, node.config.lease.text, node.config.dir, true}, kKillTime);
  if (left > 0) node.log.error("{} processes of this node would not end", left);
  if (::chdir("/") != 0) node.log.warning("cannot leave the node's directory");
  return remove_tree(node.config.dir);
}

}  // namespace bdaas
