#pragma once
// Data sets that are read where their owner keeps them: seen to be the same before and after, and
// summed meanwhile when nobody has done that yet. Blocking, for pool threads.

#include <atomic>
#include <map>
#include <thread>

#include "model/nouns.h"

namespace bdaas {

// What load_data answers: sums that were not known before.
struct LoadAnswer {
  std::map<DataSetId, std::string> sha256;
};

// failed_precondition when the file is not the one that was named, or is gone.
Result<> check_unchanged(const DataSet& data);

// Around a load, beside which it reads the files a second time (out of the page cache, mostly).
class ReadingInPlace {
 public:
  // data: without a path it is left alone. cancel outlives this.
  ReadingInPlace(const std::vector<DataSet>& data, const std::atomic<bool>& cancel);
  ~ReadingInPlace();  // does not wait for the sums

  Result<> begin();
  Result<LoadAnswer> end();  // once, after the load; waits for the sums

 private:
  Result<LoadAnswer> sum() const;

  std::vector<DataSet> data_;
  const std::atomic<bool>& cancel_;
  std::atomic<bool> over_{false};
  Result<LoadAnswer> sums_ = LoadAnswer{};  // of thread_, read after its end
  std::thread thread_;
};

}  // namespace bdaas
