#pragma once
// One node for a test: a directory, the real agent placed in it, a real link to it. At the end
// nothing of it may live.

#include <gmock/gmock.h>

#include <condition_variable>

#include "base/files.h"
#include "transport/agent_socket.h"
#include "transport/link_loop.h"
#include "transport/local_placer.h"

namespace bdaas {

// Every process that carries the lease in its environment, zombies excepted.
std::vector<pid_t> processes_of(const LeaseId& lease);

class NodeTest : public testing::Test {
 protected:
  NodeTest();
  ~NodeTest() override;

  // ---- the agent ----
  Result<> place();
  void connect();  // a fresh link, as after a restart of the manager
  pid_t agent_pid() const;
  void kill_agent();  // kill -9, and waits for its end
  AgentConfig config(Millis lease = std::chrono::minutes(2)) const;

  // ---- plans ----
  DaemonSpec daemon(const std::string& name, std::vector<std::string> argv) const;
  // test_program serve, ready by its port
  DaemonSpec server(const std::string& name, std::int64_t port) const;
  void apply(std::vector<DaemonSpec> daemons, std::vector<FileSpec> files = {});
  static std::int64_t free_port();

  // ---- what the agent reports; all fail the test when it does not come within 20 s ----
  void send(const Order& order);
  // looked at after every event, and every 20 ms
  bool eventually(const std::function<bool()>& holds);
  void await_plan(std::int64_t revision);  // its answer
  DaemonStatus await_daemon(const std::string& name, std::string_view state);
  StepProcess await_end(const StepId& step);
  std::string follow_to_end(const StepId& step, OutputStream stream, std::int64_t offset = 0);
  void acknowledge();  // all so far

  std::string path(std::string_view name) const { return dir_ + "/" + std::string(name); }
  std::vector<std::int64_t> lines_in(const std::string& name) const;  // numbers, one a line

  // Newest of each, as a manager keeps them.
  struct Seen {
    Hello hello;
    int ups = 0;
    int downs = 0;
    std::int64_t last_seq = 0;
    std::vector<std::int64_t> seqs;
    std::optional<PlanApplied> plan;
    std::map<std::string, DaemonStatus> daemons;
    std::map<StepId, std::vector<StepProcess>> processes;
    std::map<std::pair<StepId, OutputStream>, std::string> output;
    std::map<std::pair<StepId, OutputStream>, bool> ended;
    std::optional<LeaseRenewed> renewed;
  };

  SystemEntropy entropy_;
  LeaseId lease_;
  NodeId node_;
  std::string root_;
  std::string dir_;
  std::string address_;
  std::int64_t revision_ = 0;
  Machine machine_;
  LocalPlacer placer_;
  Seen seen_;

 private:
  void take_events();
  void take(const LinkEvent& event);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<LinkLoop> links_;
};

}  // namespace bdaas
