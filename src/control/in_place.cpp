#include "control/in_place.h"

#include "base/digest.h"
#include "base/files.h"

namespace bdaas {

Result<> check_unchanged(const DataSet& data) {
  if (data.path.empty()) return {};
  const auto now = stamp_of(data.path);
  if (now && *now == FileStamp{data.bytes, data.path_version}) return {};
  return fail(
      ErrorKind::failed_precondition,
      "the data '{}' {} since it was named for this job: run it again, or keep a copy of it "
      "with `bdaas data put`",
      data.path, now ? "was changed" : "cannot be read any more");
}

ReadingInPlace::ReadingInPlace(const std::vector<DataSet>& data, const std::atomic<bool>& cancel)
    : cancel_(cancel) {
  for (const auto& one : data) {
    if (!one.path.empty()) data_.push_back(one);
  }
}

ReadingInPlace::~ReadingInPlace() {
  over_ = true;
  if (thread_.joinable()) thread_.join();
}

Result<> ReadingInPlace::begin() {
  for (const auto& one : data_) BDAAS_TRY(check_unchanged(one));
  if (!data_.empty()) thread_ = std::thread([this] { sums_ = sum(); });
  return {};
}

Result<LoadAnswer> ReadingInPlace::end() {
  if (thread_.joinable()) thread_.join();
  BDAAS_TRY(sums_);
  for (const auto& one : data_) BDAAS_TRY(check_unchanged(one));
  return sums_;
}

Result<LoadAnswer> ReadingInPlace::sum() const {
  LoadAnswer answer;
  for (const auto& one : data_) {
    if (!one.sha256.empty()) continue;  // an unchanged file has the sum that it had
    BDAAS_ASSIGN(answer.sha256[one.id],
                 sha256_of_file(one.path, [this] { return over_ || cancel_; }));
  }
  return answer;
}

}  // namespace bdaas
