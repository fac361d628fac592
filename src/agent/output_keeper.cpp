#include "agent/output_keeper.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/os_error.h"

namespace bdaas {

Result<OutputKeeper> OutputKeeper::open(const fs::path& path, std::int64_t limit_bytes) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!fd.valid()) return os_error(errno, fmt::format("cannot open '{}'", path.native()));
  return OutputKeeper(std::move(fd), std::max<std::int64_t>(limit_bytes, 0));
}

std::size_t OutputKeeper::write(std::string_view bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t written = ::write(fd_.get(), bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    done += static_cast<std::size_t>(written);
  }
  return done;
}

void OutputKeeper::take(std::string_view bytes) {
  const auto written = write(bytes.substr(0, static_cast<std::size_t>(room_)));
  room_ -= static_cast<std::int64_t>(written);
  bytes.remove_prefix(written);
  if (bytes.empty()) return;
  room_ = 0;
  left_out_ += static_cast<std::int64_t>(bytes.size());
  if (bytes.size() > kOutputTailBytes) bytes.remove_prefix(bytes.size() - kOutputTailBytes);
  if (tail_.size() + bytes.size() > 2 * kOutputTailBytes) {
    tail_.erase(0, tail_.size() - std::min(tail_.size(), kOutputTailBytes));
  }
  tail_ += bytes;
}

void OutputKeeper::finish() {
  if (left_out_ == 0) return;
  if (tail_.size() > kOutputTailBytes) tail_.erase(0, tail_.size() - kOutputTailBytes);
  left_out_ -= static_cast<std::int64_t>(tail_.size());
  // When even this cannot be written the disk is full, and the file shows as much as there is.
  write(fmt::format("\n… {} bytes left out …\n", left_out_) + tail_);
  left_out_ = 0;
}

}  // namespace bdaas
