#include "app/cluster_watch.h"

#include <future>

namespace bdaas {

namespace {

constexpr Millis kBetweenLooks{2'000};
constexpr Millis kPagesWhileRunning{5'000};  // the driver's page goes with its program
constexpr Millis kPagesWhileIdle{60'000};
constexpr Millis kCancelLook{30};

bool is_running(const Step& step) {
  using enum StepState;
  const auto state = step.status.state;
  return state == running || state == cancelling || state == unreachable;
}

}  // namespace

void ClusterWatch::start() {
  thread_ = std::thread([this] { run(); });
}

void ClusterWatch::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ClusterWatch::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kBetweenLooks, [this] { return stopping_.load(); })) {
    lock.unlock();
    if (!control_.idle()) look();
    lock.lock();
  }
}

void ClusterWatch::look() {
  std::map<ClusterId, Seen> seen;
  for (const auto& sight : sights()) {
    auto& now = seen[sight.facts.id];
    if (const auto before = seen_.find(sight.facts.id); before != seen_.end()) now = before->second;
    look_at(sight, now);
  }
  seen_ = std::move(seen);
}

// Out of the control thread's memory: no query, and nobody is kept waiting.
std::vector<ClusterWatch::Sight> ClusterWatch::sights() {
  auto found = control_.call([](ControlLoop& loop) -> Result<std::vector<Sight>> {
    std::vector<Sight> living;
    for (const auto& [id, rows] : loop.rows().clusters()) {
      const auto state = rows.cluster.status.state;
      const bool up = state == ClusterState::running || state == ClusterState::resizing;
      if (!up || !SparkPages::has_pages(rows.cluster.spec)) continue;
      Sight sight{.facts = cluster_facts(rows, loop.seams())};
      for (const auto& [step_id, step] : rows.steps) {
        sight.running = sight.running || is_running(step);
        if (is_terminal(step.status.state)) ++sight.ended_steps;
      }
      living.push_back(std::move(sight));
    }
    return living;
  });
  return found ? *std::move(found) : std::vector<Sight>{};  // the manager ends
}

void ClusterWatch::look_at(const Sight& sight, Seen& seen) {
  const bool step_ended = sight.ended_steps != seen.ended_steps;
  if (sight.running || step_ended) pages_.keep_logs(sight.facts, stopping_);
  const auto now = std::chrono::steady_clock::now();
  const auto interval = sight.running ? kPagesWhileRunning : kPagesWhileIdle;
  if (step_ended || now - seen.pages_kept_at >= interval) {
    pages_.keep_pages(sight.facts, stopping_);
    seen.pages_kept_at = now;
  }
  seen.ended_steps = sight.ended_steps;
}

Result<JobResult> KeepingCollector::collect(const CollectRequest& request,
                                            const std::atomic<bool>& cancel) {
  std::atomic<bool> enough{false};
  auto last_look = std::async(std::launch::async, [&] {
    pages_.keep_logs(request.cluster, enough);
    pages_.keep_pages(request.cluster, enough);
  });
  auto result = inner_.collect(request, cancel);
  const auto deadline = std::chrono::steady_clock::now() + last_look_max_;
  while (result.ok() && !cancel && std::chrono::steady_clock::now() < deadline &&
         last_look.wait_for(kCancelLook) != std::future_status::ready) {
  }
  enough = true;
  last_look.wait();
  return result;
}

}  // namespace bdaas
