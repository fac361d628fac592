#pragma once
// Asks whether a starting daemon is ready, without blocking: its probes one after the other, each
// again and again until it has held once.

#include <vector>

#include "agent/wait_set.h"
#include "base/unique_fd.h"
#include "model/node_plan.h"

namespace bdaas {

class Probing {
 public:
  void begin(std::vector<Probe> probes);  // forgets what held before
  bool tick(Instant now);                 // true: all have held
  void wait_for(WaitSet& wait) const;

 private:
  enum class Phase { idle, connecting, receiving };
  enum class Answer { not_yet, no, yes };
  Answer ask(const Probe& probe, Instant now);
  Answer connect(const Probe& probe);
  Answer connected(const Probe& probe);
  Answer receive(const Probe& probe);

  std::vector<Probe> probes_;
  std::size_t held_ = 0;  // the first probes that have held
  Phase phase_ = Phase::idle;
  UniqueFd fd_;
  Instant next_try_{};
  Instant give_up_{};
  std::string received_;
};

// Whether the answer to an HTTP GET is a 200 whose body holds `expect`. Pure.
bool http_answer_holds(std::string_view answer, std::string_view expect);

}  // namespace bdaas
