#include "base/lock_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>

#include <cerrno>

#include "base/os_error.h"

namespace bdaas {

namespace {
constexpr int kBetweenTriesMs = 50;
}

Result<UniqueFd> lock_file(const fs::path& path, const std::function<bool()>& give_up) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return os_error(errno, fmt::format("cannot open '{}'", path.native()));
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EINTR && errno != EWOULDBLOCK) {
      return os_error(errno, fmt::format("cannot lock '{}'", path.native()));
    }
    if (give_up()) return fail(ErrorKind::cancelled, "'{}' is held by another", path.native());
    // The one pause of this code: the kernel has nothing to wait for that tells of a lock given
    // back and can be left when it is time to give up.
    ::poll(nullptr, 0, kBetweenTriesMs);
  }
  return fd;
}

}  // namespace bdaas
