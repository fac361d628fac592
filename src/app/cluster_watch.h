#pragma once
// Looks after what must outlive clusters while they live: copies what is new of their event logs
// every two seconds while a program runs, and keeps snapshots of their pages. A thread of its own,
// which only reads; the control room does not wait for it, but for the last look before a job's
// result is whole, after which its cluster may go.

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "control/control_thread.h"
#include "service/spark_pages.h"

namespace bdaas {

class ClusterWatch {
 public:
  ClusterWatch(ControlThread& control, SparkPages& pages) : control_(control), pages_(pages) {}
  ~ClusterWatch() { stop(); }

  void start();
  void stop();  // idempotent; before the control thread's end

 private:
  // A living cluster at one moment.
  struct Sight {
    ClusterFacts facts;
    bool running = false;  // a program is
    std::size_t ended_steps = 0;
  };
  struct Seen {
    std::size_t ended_steps = 0;
    std::chrono::steady_clock::time_point pages_kept_at = std::chrono::steady_clock::now();
  };

  void run();
  void look();
  std::vector<Sight> sights();
  void look_at(const Sight& sight, Seen& seen);

  ControlThread& control_;
  SparkPages& pages_;
  std::map<ClusterId, Seen> seen_;  // the thread's

  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> stopping_ = false;  // set under mutex_; ends a copy under way
  std::thread thread_;
};

// Collects a result while the last of its cluster's event logs and pages are kept. A finished
// archive waits for them at most `last_look_max`.
class KeepingCollector final : public ResultCollector {
 public:
  KeepingCollector(ResultCollector& inner, SparkPages& pages, Millis last_look_max = Millis{20'000})
      : inner_(inner), pages_(pages), last_look_max_(last_look_max) {}
  Result<JobResult> collect(const CollectRequest& request,
                            const std::atomic<bool>& cancel) override;

 private:
  ResultCollector& inner_;
  SparkPages& pages_;
  const Millis last_look_max_;
};

}  // namespace bdaas
