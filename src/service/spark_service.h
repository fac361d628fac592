#pragma once
// The dialogues with a running Spark cluster: HDFS for data and staged programs, YARN's REST for
// runs, the driver's REST for stages. No state; blocking; any thread, several at once.

#include "model/stages.h"
#include "service/cluster_http.h"

namespace bdaas {

class SparkService final : public EngineService, public StageSource {
 public:
  // remote: for nodes that are reached by SSH; it outlives this. Null: there are none.
  explicit SparkService(RemoteHosts* remote = nullptr,
                        std::shared_ptr<HttpClient> client = std::make_shared<HttpClient>())
      : remote_(remote), client_(std::move(client)) {}

  Result<> load(const ClusterFacts& cluster, const DataSource& source, const std::string& hdfs_dir,
                LoadProgress& progress) override;
  Result<> stage(const ClusterFacts& cluster, const ProgramFacts& program) override;
  Result<RunObservation> submit(const ClusterFacts& cluster, const MemoryPlan& memory,
                                const ProgramFacts& program) override;
  Result<RunObservation> find(const ClusterFacts& cluster, const StepId& step) override;
  Result<> cancel(const ClusterFacts& cluster, const StepId& step,
                  const std::string& handle) override;
  Result<std::vector<RemoteFile>> list_files(const ClusterFacts& cluster,
                                             const std::string& hdfs_dir) override;
  Result<> read_file(const ClusterFacts& cluster, const std::string& hdfs_path, const Sink& sink,
                     const std::atomic<bool>& cancel) override;
  Result<> remove(const ClusterFacts& cluster, const std::string& hdfs_path) override;
  Result<Drains> decommission(const ClusterFacts& cluster) override;

  Result<std::vector<Stage>> stages(const ClusterFacts& cluster, const Step& step) override;

 private:
  ClusterEndpoints endpoints_of(const ClusterFacts& cluster) const {
    return bdaas::endpoints_of(cluster, remote_);
  }

  RemoteHosts* remote_;
  std::shared_ptr<HttpClient> client_;
};

}  // namespace bdaas
