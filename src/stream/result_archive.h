#pragma once
// A job's result as one results/<id>.tar.gz, made in one pass:
//
//   <job's name or id>/output/…       what the program wrote to its output, as the engine lists it
//   <job's name or id>/logs/stdout    and stderr: what the driver printed
//   <job's name or id>/work/…         files the program left in its working directory
//   <job's name or id>/manifest.json  last, for sizes and sums are known only behind the files
//
// Equal contents give equal bytes: times are the job's, owners are 0. Written beside and renamed.

#include "base/state_dir.h"
#include "model/output.h"
#include "stream/output_spool.h"

namespace bdaas {

class ResultArchive final : public ResultCollector {
 public:
  // The engine services by the name a cluster's spec uses; they and the spool outlive it.
  ResultArchive(StateDir dir, const FileSpool& spool,
                std::map<std::string, EngineService*> services);

  // cancelled: soon after the flag. resource_exhausted: the disk is full. corrupted: the engine
  // delivered another number of bytes than it announced. Errors leave nothing behind.
  Result<JobResult> collect(const CollectRequest& request,
                            const std::atomic<bool>& cancel) override;

 private:
  Result<JobResult> write(const CollectRequest& request, EngineService& service,
                          const fs::path& part, const std::atomic<bool>& cancel) const;

  const StateDir dir_;
  const FileSpool& spool_;
  const std::map<std::string, EngineService*> services_;
};

}  // namespace bdaas
