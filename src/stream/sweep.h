#pragma once
// Removes from the disk what no row names any more. What is removed, and when:
//
//   programs/<sha256>, data/<id>   no row has it, and no upload is about to get one
//   steps/<id>/                    its job's result was removed; or there never was a result, and
//                                  the step ended kKeptWithoutResult ago
//   history/<id>-…, pages/<id>/    of a cluster that ended kKeptWithoutResult ago and has no job
//                                  that goes on and no result
//   results/<id>.*                 no row has it, and no job goes on that could be writing it
//   what lies in steps, history or pages and belongs to no row at all: untouched for
//   kKeptWithoutResult
//
// An upload that nobody finished is removed by Uploads itself, after UploadLimits::expiry.

#include <set>

#include "base/log.h"
#include "store/store.h"
#include "stream/uploads.h"

namespace bdaas {

inline constexpr Millis kKeptWithoutResult = std::chrono::hours(24 * 30);

// ---- the decision: no disk, no clock ----

struct DiskEntry {
  fs::path path;
  Time changed_at{};

  std::string name() const { return path.filename().native(); }
};

struct DiskView {
  std::vector<DiskEntry> programs;
  std::vector<DiskEntry> data;
  std::vector<DiskEntry> steps;
  std::vector<DiskEntry> history;
  std::vector<DiskEntry> pages;
  std::vector<DiskEntry> results;
};

struct SweepRows {
  std::vector<Program> programs;
  std::vector<DataSet> data;
  std::vector<Cluster> clusters;
  std::vector<Step> steps;
  std::vector<Job> jobs;
  std::vector<JobResult> results;
  std::set<std::string> awaited;  // SHA-256 or data set id of uploads that get their row soon
};

std::vector<fs::path> left_over(const DiskView& disk, const SweepRows& rows, Time now);

// ---- the effect ----

// Thread-safe; blocking. All that is handed in outlives it.
class Sweep {
 public:
  Sweep(StateDir dir, const Store& store, Uploads& uploads, const Clock& clock, Log log)
      : dir_(std::move(dir)), store_(store), uploads_(uploads), clock_(clock), log_(log) {}

  // What cannot be removed is a line in the log, and tried again the next time.
  void run();

 private:
  Result<std::vector<fs::path>> find() const;

  const StateDir dir_;
  const Store& store_;
  Uploads& uploads_;
  const Clock& clock_;
  const Log log_;
};

}  // namespace bdaas
