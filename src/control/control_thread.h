#pragma once
// The one thread that writes: it turns the control loop, and runs the commands that other threads
// hand in.

#include <condition_variable>
#include <future>
#include <thread>

#include "control/effect_pool.h"
#include "control/loop.h"

namespace bdaas {

class ControlThread {
 public:
  struct Options {
    ControlSettings settings;
    EffectPoolSizes pool;
    std::function<void()> on_commit;  // after every turn; must not block. New history may be there
    std::function<void(const Error&)> on_broken;  // the store failed: the manager must end
  };

  ControlThread(Store& store, Seams seams, const Clock& clock, Log log, Options options);
  ~ControlThread();

  Result<> start();  // recovers the rows and begins to turn
  void stop();       // idempotent; effects under way are awaited, long ones cancelled

  // Runs `work` on the control thread between two turns and gives back its answer. Any other
  // thread.
  template <class Work>
  auto call(Work work) -> std::invoke_result_t<Work, ControlLoop&> {
    using Answer = std::invoke_result_t<Work, ControlLoop&>;
    std::promise<Answer> promise;
    auto answer = promise.get_future();
    const bool taken = hand_in([&] { promise.set_value(work(loop_)); });
    if (!taken) return fail(ErrorKind::unavailable, "the manager is ending; start it again");
    return answer.get();
  }

  bool idle();  // see ControlLoop::idle; false while commands wait
  void wake();  // any thread

  const Seams& seams() const { return loop_.seams(); }
  const Clock& clock() const { return *clock_; }
  Store& store() { return *store_; }

 private:
  bool hand_in(std::function<void()> work);
  void run();
  void run_commands();

  Store* store_;
  const Clock* clock_;
  Options options_;
  std::mutex mutex_;  // guards commands_, woken_, ending_
  std::condition_variable wake_;
  std::vector<std::function<void()>> commands_;
  bool woken_ = false;
  bool ending_ = false;
  std::atomic<bool> idle_{false};
  std::unique_ptr<EffectPool> pool_;

  struct Relay final : EffectRunner {  // breaks the circle between loop and pool
    explicit Relay(ControlThread& owner_in) : owner(&owner_in) {}
    void start(EffectCall call) override { owner->pool_->start(std::move(call)); }
    ControlThread* owner;
  };
  Relay relay_;
  ControlLoop loop_;
  std::thread thread_;
};

}  // namespace bdaas
