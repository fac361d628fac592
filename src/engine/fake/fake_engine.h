#pragma once
// An engine without a JVM, for demonstrations and simulation: real agents keep one idle process per
// node, and programs run inside FakeService (service/fake_service.h). Selected by "engine": "fake".
//
// Settings: "fake.run_on_agent" = "true" lets the master's agent run the program instead, as
// standalone Spark does; the others (fake.*) are read by FakeService.

#include "model/engine.h"

namespace bdaas {

class FakeEngine final : public Engine {
 public:
  std::string_view name() const override { return "fake"; }
  bool needs_release() const override { return false; }
  Result<MemoryPlan> fit(const ClusterSpec& spec, const Room& room) const override;
  Result<> check_settings(const std::map<std::string, std::string>& settings) const override;
  Result<NodePlan> plan_node(const ClusterFacts& cluster, const NodeFacts& node) const override;
  Result<std::optional<RunSpec>> plan_run(const ClusterFacts& cluster, const MemoryPlan& memory,
                                          const ProgramFacts& program) const override;
};

// What a fake program does, by settings of the cluster or (over it) of the step; tests and
// demonstrations choose.
inline constexpr std::string_view kFakeRunOnAgent = "fake.run_on_agent";  // true, false
inline constexpr std::string_view kFakeOutcome = "fake.outcome";  // succeed, fail, run_for_ever
inline constexpr std::string_view kFakeTime = "fake.time_ms";     // of a run; default 300
inline constexpr std::string_view kFakeOutput =
    "fake.output";  // true (default), false: writes nothing

}  // namespace bdaas
