#pragma once
// For tests: an engine that takes any settings and plans nothing; tests say what it fits.

#include "model/engine.h"

namespace bdaas {

class PlainEngine : public Engine {
 public:
  std::string_view name() const override { return "plain"; }
  bool needs_release() const override { return false; }
  Result<> check_settings(const std::map<std::string, std::string>&) const override { return {}; }
  Result<NodePlan> plan_node(const ClusterFacts&, const NodeFacts&) const override {
    return NodePlan{};
  }
  Result<std::optional<RunSpec>> plan_run(const ClusterFacts&, const MemoryPlan&,
                                          const ProgramFacts&) const override {
    return std::optional<RunSpec>{};
  }
};

}  // namespace bdaas
