#pragma once
// One holder at a time, among processes and threads: flock(2) on a file. The lock goes with its
// holder, even a killed one.

#include <atomic>
#include <functional>

#include "base/files.h"
#include "base/unique_fd.h"

namespace bdaas {

class FileLock {
 public:
  // Waits as long as somebody else holds it; on_wait is called once before that. cancelled.
  static Result<FileLock> take(const fs::path& path, const std::atomic<bool>& cancel,
                               const std::function<void()>& on_wait);

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace bdaas
