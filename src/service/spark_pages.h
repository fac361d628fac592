#pragma once
// The pages of Spark clusters, living and gone, and the copying that lets them outlive their
// cluster. Blocking; any thread.

#include <condition_variable>
#include <mutex>
#include <set>

#include "base/clock.h"
#include "engine/spark/spark_engine.h"
#include "service/history_server.h"
#include "service/page_snapshots.h"

namespace bdaas {

class SparkPages final : public Pages {
 public:
  struct Places {
    fs::path event_logs;  // copies, shown by the History Server
    fs::path snapshots;
    fs::path history_server;  // its own directory
  };
  SparkPages(Places places, std::function<Result<ReleaseFacts>()> release, const Clock& clock,
             Log log, RemoteHosts* remote = nullptr,
             std::shared_ptr<HttpClient> client = std::make_shared<HttpClient>());

  static bool has_pages(const ClusterSpec& cluster) { return cluster.engine == kSparkEngine; }

  std::vector<PageServer> servers(const ClusterFacts& cluster) const override;
  Result<PageAnswer> get(const ClusterFacts& cluster, const std::string& place,
                         const std::string& page, const PageRequest& request) override;
  Result<PageAnswer> history(const PageRequest& request) override;
  std::vector<PageSnapshot> snapshots(const ClusterId& cluster) const override;
  Result<PageSnapshot> snapshot(const ClusterId& cluster, const std::string& page) const override;

  // What is worth keeping of a living cluster: what is new of its event logs, and its pages. Calls
  // for one cluster wait for one another. Failures are one log line: the cluster may be just
  // starting or ending. Both end soon after the flag.
  void keep_logs(const ClusterFacts& cluster, const std::atomic<bool>& cancel);
  void keep_pages(const ClusterFacts& cluster, const std::atomic<bool>& cancel);

  // The History Server, for good: nobody waits for its pages any more.
  void stop_history() { history_.stop(); }

 private:
  class Turn;
  Result<std::string> application(const ClusterFacts& cluster, const PageServer& driver,
                                  const std::atomic<bool>* cancel = nullptr) const;

  const Places places_;
  const Clock& clock_;
  const Log log_;
  RemoteHosts* const remote_;
  const std::shared_ptr<HttpClient> client_;
  const PageSnapshots snapshots_;
  HistoryServer history_;

  std::mutex mutex_;
  std::condition_variable free_;
  std::set<ClusterId> busy_;  // guarded by mutex_: who is being copied
};

}  // namespace bdaas
