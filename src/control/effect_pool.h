#pragma once
// Runs effects on two bounded sets of threads: short calls, and long transfers that must not keep
// the short ones waiting.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "control/effects.h"

namespace bdaas {

struct EffectPoolSizes {
  int short_threads = 8;
  int long_threads = 4;  // of transfers
};

class EffectPool final : public EffectRunner {
 public:
  // `post` is called on a pool thread with each outcome.
  EffectPool(EffectPoolSizes sizes, std::function<void(Outcome)> post);
  // Cancels long calls, lets short ones end, joins. Calls that have not begun are dropped: their
  // intents stay pending.
  ~EffectPool() override;

  void start(EffectCall call) override;

 private:
  struct Lane {
    std::deque<EffectCall> waiting;
    std::vector<std::shared_ptr<std::atomic<bool>>> running;
    std::condition_variable wake;
  };
  void work(Lane& lane);

  std::function<void(Outcome)> post_;
  std::mutex mutex_;  // guards the lanes and ending_
  Lane short_lane_;
  Lane long_lane_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace bdaas
