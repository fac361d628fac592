#pragma once
// What the node's processes take of the machine: CPU and memory of this process and all below it.

#include "agent/instant.h"
#include "agent/process_table.h"
#include "model/agent_messages.h"

namespace bdaas {

class Sampler {
 public:
  // CPU counts from the sample before; the first one has none.
  Sample take(const std::string& node_dir, Instant now, Time wall);

 private:
  std::int64_t cpu_ticks_ = 0;
  std::optional<Instant> at_;
};

}  // namespace bdaas
