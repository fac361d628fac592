#pragma once
// Runs effects on bounded sets of threads: short calls, long transfers that must not keep the short
// ones waiting, and calls that go on only together, whose threads are made as they come.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "control/effects.h"

namespace bdaas {

struct EffectPoolSizes {
  int short_threads = 8;
  int long_threads = 4;           // of transfers
  int with_others_threads = 512;  // at most
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
  struct Queue {
    std::deque<EffectCall> waiting;
    int idle = 0;  // threads
    int threads = 0;
    std::vector<std::shared_ptr<std::atomic<bool>>> running;
    std::condition_variable wake;
  };
  Queue& queue_of(Lane lane);
  void add_thread(Queue& queue);
  void work(Queue& queue);

  const EffectPoolSizes sizes_;

  std::function<void(Outcome)> post_;
  std::mutex mutex_;  // guards what follows
  Queue short_;
  Queue long_;
  Queue with_others_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace bdaas
