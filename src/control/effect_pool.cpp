#include "control/effect_pool.h"

#include <algorithm>

namespace bdaas {

EffectPool::EffectPool(EffectPoolSizes sizes, std::function<void(Outcome)> post)
    : post_(std::move(post)) {
  for (int i = 0; i < sizes.short_threads; ++i) {
    threads_.emplace_back([this] { work(short_lane_); });
  }
  for (int i = 0; i < sizes.long_threads; ++i) {
    threads_.emplace_back([this] { work(long_lane_); });
  }
}

EffectPool::~EffectPool() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    for (const auto& cancel : long_lane_.running) cancel->store(true);
  }
  short_lane_.wake.notify_all();
  long_lane_.wake.notify_all();
  for (auto& thread : threads_) thread.join();
}

void EffectPool::start(EffectCall call) {
  Lane& lane = call.is_transfer ? long_lane_ : short_lane_;
  {
    const std::lock_guard lock(mutex_);
    lane.waiting.push_back(std::move(call));
  }
  lane.wake.notify_one();
}

void EffectPool::work(Lane& lane) {
  std::unique_lock lock(mutex_);
  while (true) {
    lane.wake.wait(lock, [&] { return ending_ || !lane.waiting.empty(); });
    if (ending_) return;
    const EffectCall call = std::move(lane.waiting.front());
    lane.waiting.pop_front();
    lane.running.push_back(call.cancel);
    lock.unlock();
    post_(call.run());
    lock.lock();
    lane.running.erase(std::find(lane.running.begin(), lane.running.end(), call.cancel));
  }
}

}  // namespace bdaas
