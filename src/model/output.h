#pragma once
// Where a step's output goes, and how a job's result is put together. Implemented by the room
// `stream`.

#include "model/agent_messages.h"
#include "model/engine.h"

namespace bdaas {

// What the manager has of one stream of a step's output.
struct SpoolState {
  std::int64_t bytes = 0;  // taken so far: the offset to follow from
  bool ended = false;
};

// Followed output, in files of bounded size. Any thread.
class OutputSpool {
 public:
  virtual ~OutputSpool() = default;
  // Chunks may come doubled or overlap; what is there is not written twice. A gap is refused:
  // follow again from state().
  virtual Result<SpoolState> append(const StepId& step, OutputStream stream, std::int64_t offset,
                                    std::string_view bytes, bool end) = 0;
  virtual SpoolState state(const StepId& step, OutputStream stream) const = 0;
  // Nothing more will come, or is waited for: what has not ended is noted as cut off, and readers
  // that follow are let go.
  virtual void close(const StepId& step) = 0;
  virtual std::string tail(const StepId& step, OutputStream stream, int lines) const = 0;
};

struct CollectRequest {
  ResultId result;
  Job job;
  Step step;
  Program program;
  std::vector<DataSet> data;
  ClusterFacts cluster;
  std::string command;  // the exact `bdaas run …` that repeats it
  Time now{};
};

class ResultCollector {
 public:
  virtual ~ResultCollector() = default;
  // Writes results/<id>.tar.gz: output/…, logs/stdout, logs/stderr, work/…, manifest.json (files,
  // sizes, sha256, engine versions, command). Idempotent: written beside and renamed. Blocking;
  // pool threads. `cancel` is looked at often.
  virtual Result<JobResult> collect(const CollectRequest& request,
                                    const std::atomic<bool>& cancel) = 0;
};

}  // namespace bdaas
