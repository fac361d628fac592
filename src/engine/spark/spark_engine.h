#pragma once
// HDFS with Spark on YARN, or standalone. Pure plans.

#include "model/engine.h"

namespace bdaas {

inline constexpr std::string_view kSparkEngine = "spark";

class SparkEngine final : public Engine {
 public:
  std::string_view name() const override { return kSparkEngine; }
  bool needs_release() const override { return true; }
  Result<MemoryPlan> fit(const ClusterSpec& spec, const Room& room) const override;
  std::vector<std::int64_t> ports(const ClusterSpec& spec) const override;
  Result<> check_settings(const std::map<std::string, std::string>& settings) const override;
  Result<NodePlan> plan_node(const ClusterFacts& cluster, const NodeFacts& node) const override;
  Result<std::optional<RunSpec>> plan_run(const ClusterFacts& cluster, const MemoryPlan& memory,
                                          const ProgramFacts& program) const override;
};

}  // namespace bdaas
