#pragma once
// The node link's fake: agents in memory, and a wire that delays, drops, doubles, reorders and
// breaks, all from a seed. Shipped, for simulation and demonstrations; stricter than the real
// thing: what an agent must never be asked to do is written down as a violation. Not thread-safe:
// whoever owns the clock drives it by advance().
//
// Orders are lost, doubled and overtaken one by one, since every order may be repeated at will.
// Reports keep their order, as the seam promises: one that is lost breaks its connection, and a
// doubled one comes late, after younger ones.

#include <deque>
#include <map>
#include <set>

#include "base/clock.h"
#include "base/id.h"
#include "model/node_link.h"

namespace bdaas {

// Chances are in thousandths, of each message or event.
struct LinkFaults {
  int drop = 0;
  int twice = 0;
  int reorder = 0;           // held back; later orders overtake it
  int disconnect = 0;        // the link breaks after a message
  int agent_dies = 0;        // after an order was taken; it must be placed again
  int place_refused = 0;     // the machine does not answer
  int place_unanswered = 0;  // placed, but the answer is lost
  int daemon_fails = 0;      // for good, after its start
  Millis delay_max{20};
  Millis daemon_start_max{3'000};
};

class FakeLinks final : public NodeLinks, public AgentPlacer {
 public:
  FakeLinks(const Clock& clock, Entropy& entropy, LinkFaults faults);

  // ---- the seam ----
  void open(const NodeId& node, const Machine& machine) override;
  void close(const NodeId& node) override;
  bool send(const NodeId& node, const Order& order) override;
  std::vector<LinkEvent> drain() override;
  void on_event(std::function<void()> wake) override;
  Result<> place(const Machine& machine, const AgentConfig& config) override;

  // ---- the owner's side ----
  void set_faults(LinkFaults faults) { faults_ = faults; }
  // Carries out everything that is due by now.
  void advance();
  std::optional<Time> next_event() const;  // when advance() has something to do
  // The manager died: its links are gone, agents and machines are not.
  void drop_manager();
  // The machine is gone: whatever ran on it is too.
  void machine_gone(const std::string& machine_id);
  // A process of a step, on the agent that was asked to run it, ends; does nothing when there is
  // none.
  void end_step(const StepId& step, int exit_code);
  std::vector<StepId> running_steps() const;
  std::map<std::string, DaemonState> daemons_of(const NodeId& node) const;
  // The agent is killed; its daemons and programs live on, and the next agent adopts them.
  void kill_agent(const NodeId& node);
  // Its daemons crash; a living agent starts them again.
  void crash_daemons(const NodeId& node);
  // When the agents of a machine end it if nobody renews its lease; Time{}: none was placed.
  Time expires_at(const std::string& machine_id) const;
  // Agents with daemons of a machine that is given back, doubled init, a step started twice.
  const std::vector<std::string>& violations() const { return violations_; }
  // Agents whose lease ran out by themselves.
  int ended_by_themselves() const { return ended_by_themselves_; }
  int living_agents() const;
  std::vector<NodeId> living_nodes() const;  // of living agents
  // For planted bugs: an agent that formats again when it is started again.
  void forget_inits(bool forget) { forget_inits_ = forget; }

 private:
  struct Agent {
    AgentConfig config;
    std::string machine_id;
    bool alive = true;
    int starts = 0;
    NodePlan plan;
    std::map<std::string, DaemonState> daemons;
    std::int64_t seq = 0;
    std::deque<Report> unacknowledged;
    std::set<std::pair<StepId, OutputStream>> follows;  // on the present connection
  };
  struct Disk {  // what stays on the disk of a machine when its agent dies
    std::set<std::string> markers;
    std::set<StepId> steps_started;
    std::map<StepId, std::optional<int>> steps;
  };
  struct Link {
    Machine machine;
    std::int64_t serial = 0;  // of its open()
    bool up = false;
    std::int64_t epoch = 0;  // counts connections; what was sent on an earlier one is lost
    Time last_report{};      // when the last report of this connection arrives
  };
  using Job = std::function<void()>;

  bool chance(int thousandths);
  Millis up_to(Millis max);
  void later(Millis delay, Job job);
  void dial(const NodeId& node, std::int64_t serial);
  void dial_later(const NodeId& node, Millis delay);
  void to_manager(const NodeId& node, LinkEvent event);
  void to_agent(const NodeId& node, const Order& order);
  void carry(const NodeId& node, Time at, Job deliver);
  void carry_order(const NodeId& node, Job deliver);
  void carry_report(const NodeId& node, Job deliver);
  void break_link(const NodeId& node, const std::string& why);
  void report(Agent& agent, Report report);
  void send_unacknowledged(const NodeId& node, Agent& agent);
  void apply_plan(Agent& agent, const NodePlan& plan);
  void initialise(const Agent& agent, const DaemonSpec& daemon);
  void start_daemon(const NodeId& node, const std::string& name);
  void report_daemons(Agent& agent);
  void run_step(Agent& agent, const RunSpec& run);
  void send_output_end(Agent& agent, const StepId& step, OutputStream stream);
  void watch_lease(const NodeId& node);
  void violated(std::string what) { violations_.push_back(std::move(what)); }

  const Clock* clock_;
  Entropy* entropy_;
  LinkFaults faults_;
  std::function<void()> wake_ = [] {};
  std::map<NodeId, Link> links_;
  std::map<NodeId, Agent> agents_;
  std::map<std::string, Disk> disks_;
  std::multimap<Time, Job> agenda_;
  std::vector<LinkEvent> arrived_;
  std::vector<std::string> violations_;
  std::map<std::pair<ClusterId, std::string>, int> inits_;  // how often a marker's work was done
  std::map<StepId, int> runs_;
  std::int64_t opened_ = 0;
  int ended_by_themselves_ = 0;
  bool forget_inits_ = false;
};

}  // namespace bdaas
