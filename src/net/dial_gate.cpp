#include "net/dial_gate.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>

#include "base/id.h"
#include "base/os_error.h"

namespace bdaas {

namespace {

constexpr int kBacklog = 1;
constexpr std::size_t kNameCharacters = 12;

}  // namespace

Result<DialGate> DialGate::open(const fs::path& dir) {
  BDAAS_TRY(make_directory(dir, 0700));
  UniqueFd fd(::open(dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return os_error(errno, fmt::format("cannot open '{}'", dir.native()));
  SystemEntropy entropy;
  auto path = fmt::format("/proc/self/fd/{}/{}", fd.get(), random_text(entropy, kNameCharacters));
  return DialGate(std::move(fd), std::move(path));
}

Result<> DialGate::unlock() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  assert(path_.size() < sizeof address.sun_path);
  path_.copy(address.sun_path, sizeof address.sun_path - 1);
  UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const auto* any = static_cast<const sockaddr*>(static_cast<const void*>(&address));
  if (!listener.valid() || ::bind(listener.get(), any, sizeof address) != 0 ||
      ::listen(listener.get(), kBacklog) != 0) {
    return os_error(errno, "cannot make a socket");
  }
  listener_ = std::move(listener);
  return {};
}

UniqueFd DialGate::take() {
  if (!listener_.valid()) return {};
  ::unlink(path_.c_str());
  const UniqueFd listener = std::exchange(listener_, UniqueFd());
  return UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

}  // namespace bdaas
