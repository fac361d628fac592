#include "agent/sampler.h"

#include <unistd.h>

#include "base/files.h"

namespace bdaas {

Sample Sampler::take(const std::string& node_dir, Instant now, Time wall) {
  Sample sample;
  sample.at = wall;
  std::int64_t cpu_ticks = 0;
  for (const auto& process : descendants_of(::getpid(), list_processes())) {
    cpu_ticks += process.cpu_ticks;
    sample.rss_bytes += process.rss_bytes;
  }
  // A process that ended since takes its ticks along, so the sum may fall: that is no negative
  // load.
  if (at_ && now > *at_ && cpu_ticks > cpu_ticks_) {
    const double seconds = static_cast<double>((now - *at_).count()) / 1000.0;
    const double used =
        static_cast<double>(cpu_ticks - cpu_ticks_) / static_cast<double>(::sysconf(_SC_CLK_TCK));
    sample.cpu_percent =
        100.0 * used / seconds / static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
  }
  at_ = now;
  cpu_ticks_ = cpu_ticks;
  sample.disk_bytes = static_cast<std::int64_t>(free_bytes(node_dir).value_or(0));
  return sample;
}

}  // namespace bdaas
