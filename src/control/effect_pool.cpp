#include "control/effect_pool.h"

#include <algorithm>

namespace bdaas {

EffectPool::EffectPool(EffectPoolSizes sizes, std::function<void(Outcome)> post)
    : sizes_(sizes), post_(std::move(post)) {
  const std::lock_guard lock(mutex_);
  for (int i = 0; i < sizes.short_threads; ++i) add_thread(short_);
  for (int i = 0; i < sizes.long_threads; ++i) add_thread(long_);
}

EffectPool::~EffectPool() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    for (const auto* queue : {&long_, &with_others_}) {
      for (const auto& cancel : queue->running) {
        cancel->store(true);
        cancel->notify_all();
      }
    }
  }
  for (auto* queue : {&short_, &long_, &with_others_}) queue->wake.notify_all();
  for (auto& thread : threads_) thread.join();
}

EffectPool::Queue& EffectPool::queue_of(Lane lane) {
  if (lane == Lane::with_others) return with_others_;
  return lane == Lane::transfer ? long_ : short_;
}

void EffectPool::add_thread(Queue& queue) {
  ++queue.threads;
  threads_.emplace_back([this, &queue] { work(queue); });
}

void EffectPool::start(EffectCall call) {
  Queue& queue = queue_of(call.lane);
  {
    const std::lock_guard lock(mutex_);
    const bool grows = call.lane == Lane::with_others && queue.threads < sizes_.with_others_threads;
    queue.waiting.push_back(std::move(call));
    if (grows && static_cast<int>(queue.waiting.size()) > queue.idle) add_thread(queue);
  }
  queue.wake.notify_one();
}

void EffectPool::work(Queue& queue) {
  std::unique_lock lock(mutex_);
  while (true) {
    ++queue.idle;
    queue.wake.wait(lock, [&] { return ending_ || !queue.waiting.empty(); });
    --queue.idle;
    if (ending_) return;
    const EffectCall call = std::move(queue.waiting.front());
    queue.waiting.pop_front();
    queue.running.push_back(call.cancel);
    lock.unlock();
    post_(call.run());
    lock.lock();
    queue.running.erase(std::find(queue.running.begin(), queue.running.end(), call.cancel));
  }
}

}  // namespace bdaas
