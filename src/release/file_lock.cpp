#include "release/file_lock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>

#include <cerrno>

#include "base/os_error.h"

namespace bdaas {

namespace {
constexpr int kPollMs = 100;
}

Result<FileLock> FileLock::take(const fs::path& path, const std::atomic<bool>& cancel,
                                const std::function<void()>& on_wait) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return os_error(errno, fmt::format("cannot open '{}'", path.native()));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return FileLock(std::move(fd));
  on_wait();
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EINTR && errno != EWOULDBLOCK) {
      return os_error(errno, fmt::format("cannot lock '{}'", path.native()));
    }
    if (cancel) return fail(ErrorKind::cancelled, "cancelled while another fetch ran");
    ::poll(nullptr, 0, kPollMs);  // nothing tells of a lock that was given back
  }
  return FileLock(std::move(fd));
}

}  // namespace bdaas
