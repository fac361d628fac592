#pragma once
// What all of one run share: the clock, the agenda, the dice, the cloud account, and the verdict.
// One thread; nothing happens but what the agenda, the links and the managers' wake-ups say.

#include <map>

#include "dice.h"
#include "provider/fake/fake_cloud.h"

namespace bdaas {

// Things to happen, in the order of time; equal times in the order of writing down.
class Agenda {
 public:
  void at(Time time, std::function<void()> event) { events_.emplace(time, std::move(event)); }
  Time next() const { return events_.empty() ? Time::max() : events_.begin()->first; }
  void run_first() {
    const auto event = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    event();
  }

 private:
  std::multimap<Time, std::function<void()>> events_;
};

// Chances are in thousandths of each call.
struct CloudFaults {
  int throttled = 0;
  int unavailable = 0;
  int no_capacity = 0;
  int unknown_done = 0;
  int unknown_not_done = 0;
  Millis lag_max{0};
};

class SeededCloudFaults final : public FaultPlan {
 public:
  explicit SeededCloudFaults(Dice& dice) : dice_(&dice) {}
  Fault fault(ProviderCall call, const LeaseId& token) override;
  Millis lag(ProviderCall call, const LeaseId& token) override;

  CloudFaults faults;

 private:
  Dice* dice_;
};

struct Scene {
  explicit Scene(unsigned long long seed)
      : dice(seed), cloud_faults(dice), cloud({.machines_max = 40}, clock, cloud_faults) {}

  // The first word counts; the run ends with it.
  void violated(const std::string& what) {
    if (violation.empty()) violation = what;
    trace("VIOLATED: {}", what);
  }

  template <class... Args>
  void trace(fmt::format_string<Args...> format, Args&&... args) {
    if (!tracing) return;
    lines.push_back(fmt::format("{:>9.3f} {}",
                                static_cast<double>((clock.now() - begin).count()) / 1000.0,
                                fmt::format(format, std::forward<Args>(args)...)));
  }

  FakeClock clock;
  const Time begin = clock.now();
  Dice dice;
  Agenda agenda;
  SeededCloudFaults cloud_faults;
  FakeCloud cloud;
  std::string violation;  // empty: none so far
  bool tracing = false;
  std::vector<std::string> lines;
};

}  // namespace bdaas
