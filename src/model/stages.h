#pragma once
// Spark's own view of a running program, for progress bars.

#include "model/engine.h"

namespace bdaas {

struct Stage {
  std::int64_t id = 0;
  std::string name;
  std::string state;  // Spark's word: ACTIVE, COMPLETE, PENDING, FAILED
  std::int64_t tasks = 0;
  std::int64_t done = 0;
  std::int64_t failed = 0;

  static constexpr auto fields() {
    return std::tuple{required("id", &Stage::id, ""),
                      optional("name", &Stage::name, ""),
                      optional("state", &Stage::state, "ACTIVE, COMPLETE, PENDING, FAILED"),
                      optional("tasks", &Stage::tasks, ""),
                      optional("done", &Stage::done, ""),
                      optional("failed", &Stage::failed, "")};
  }
};

// Implemented by the room `service`; blocking, any thread. not_found while the driver is not up.
class StageSource {
 public:
  virtual ~StageSource() = default;
  virtual Result<std::vector<Stage>> stages(const ClusterFacts& cluster, const Step& step) = 0;
};

}  // namespace bdaas
