#pragma once
// The stream room's two seams without bytes: what would be written to files is only counted.

#include "model/output.h"

namespace bdaas {

class FakeSpool final : public OutputSpool {
 public:
  Result<SpoolState> append(const StepId& step, OutputStream stream, std::int64_t offset,
                            std::string_view bytes, bool end) override {
    SpoolState& have = streams_[{step, stream}];
    if (offset > have.bytes) return fail(ErrorKind::failed_precondition, "a gap");
    have.bytes = std::max(have.bytes, offset + static_cast<std::int64_t>(bytes.size()));
    have.ended = have.ended || end;
    if (have.ended) {
      open_.erase({step, stream});
    } else {
      open_.insert({step, stream});
    }
    return have;
  }
  SpoolState state(const StepId& step, OutputStream stream) const override {
    const auto found = streams_.find({step, stream});
    return found == streams_.end() ? SpoolState{} : found->second;
  }
  void close(const StepId& step) override {
    for (const auto stream : {OutputStream::out, OutputStream::err, OutputStream::work}) {
      streams_[{step, stream}].ended = true;
      open_.erase({step, stream});
    }
  }
  std::string tail(const StepId&, OutputStream, int) const override { return {}; }

  // What a manager holds descriptors of; they end with it.
  std::size_t open_streams() const { return open_.size(); }
  void manager_died() { open_.clear(); }

 private:
  std::map<std::pair<StepId, OutputStream>, SpoolState> streams_;
  std::set<std::pair<StepId, OutputStream>> open_;
};

class FakeCollector final : public ResultCollector {
 public:
  explicit FakeCollector(EngineService& service) : service_(&service) {}

  Result<JobResult> collect(const CollectRequest& request,
                            const std::atomic<bool>& cancel) override {
    if (cancel.load()) return fail(ErrorKind::cancelled, "the fetch was cancelled");
    JobResult result;
    result.id = request.result;
    result.owner = request.job.owner;
    result.job = request.job.id;
    result.sha256 = std::string(64, '0');
    result.created_at = request.now;
    auto files = service_->list_files(request.cluster, request.step.output);
    if (!files && files.error().kind != ErrorKind::not_found) return std::move(files).error();
    result.has_output = files.ok();
    if (files) result.files = static_cast<std::int64_t>(files->size());
    return result;
  }

 private:
  EngineService* service_;
};

}  // namespace bdaas
