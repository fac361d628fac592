#pragma once
// Effects at the edge: each is one blocking call into a seam, made from a copy of the rows it
// needs, and an outcome.

#include "base/state_dir.h"
#include "control/facts.h"
#include "control/in_place.h"
#include "control/offer_fit.h"
#include "control/rows.h"
#include "model/host_agents.h"
#include "model/node_link.h"
#include "model/output.h"
#include "model/releases.h"

namespace bdaas {

// An engine and the dialogue with it, by the name a cluster's spec uses.
struct EngineSet {
  Engine* engine = nullptr;
  EngineService* service = nullptr;
};

// Everything outside, by interface. All pointers outlive the loop.
struct Seams {
  std::map<std::string, Provider*> providers;
  std::map<std::string, EngineSet> engines;
  AgentPlacer* placer = nullptr;
  PackageCarrier* carrier = nullptr;  // of machines that are other computers, as are the agents
  HostAgents* host_agents = nullptr;
  NodeLinks* links = nullptr;
  Releases* releases = nullptr;
  ResultCollector* collector = nullptr;
  OutputSpool* spool = nullptr;
  InstallationId installation;
  StateDir state_dir;
  std::string user;          // of the operating system
  std::string agent_binary;  // on the nodes
};

// What fetch_release answers: all that planning needs.
struct Prepared {
  ReleaseFacts release;
  MemoryPlan memory;
  PlannedIn room;
};

struct ListAnswer {
  Time begun_at{};
  std::vector<ListedMachine> machines;
};

struct DrainAnswer {
  Time begun_at{};
  Drains drains;
};

struct Outcome {
  Effect effect = Effect::rent;
  std::string subject;
  IntentId intent;  // empty for effects that only read
  std::optional<Error> error;
  std::variant<std::monostate, Machine, ListAnswer, RunObservation, JobResult, Prepared,
               DrainAnswer, LoadAnswer>
      value;
};

// What a call has to wait for tells which threads make it.
enum class Lane {
  brief,       // an answer
  transfer,    // many bytes: few at once; looks at `cancel` often
  with_others  // calls that are under way at the same time: none waits for another's end; likewise
};

// A call ready to be made on any thread.
struct EffectCall {
  Effect effect = Effect::rent;
  std::string subject;
  IntentId intent;
  Lane lane = Lane::brief;
  std::shared_ptr<std::atomic<bool>> cancel;
  std::function<Outcome()> run;
};

// Runs calls, and posts their outcomes. Real: a bounded pool. Simulation: when it pleases.
class EffectRunner {
 public:
  virtual ~EffectRunner() = default;
  virtual void start(EffectCall call) = 0;
};

// The call of an effect, with copies of the rows it needs. An error when its subject is gone.
Result<EffectCall> make_call(const Rows& rows, const Facts& facts, const Seams& seams,
                             const Clock& clock, Effect effect, const std::string& subject);

// All an engine may know of a cluster, made of rows.
ClusterFacts cluster_facts(const ClusterRows& cluster, const Seams& seams);

}  // namespace bdaas
