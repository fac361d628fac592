#include "transport/agent_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/os_error.h"
#include "model/line_buffer.h"

namespace bdaas {

namespace {

using Steady = std::chrono::steady_clock;

bool is_same_user(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

Error unavailable(const std::string& node_dir, int code) {
  auto error = os_error(code, fmt::format("no agent answers in '{}'", printable(node_dir)));
  error.kind = ErrorKind::unavailable;
  return error;
}

}  // namespace

Result<UniqueFd> connect_agent(const std::string& node_dir) {
  const UniqueFd dir(::open(node_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir.valid()) return unavailable(node_dir, errno);
  // A socket's path has 107 bytes, a directory may have 4,095: go by the open directory.
  const auto path = fmt::format("/proc/self/fd/{}/agent.sock", dir.get());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return os_error(errno, "cannot make a socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return unavailable(node_dir, errno);
  }
  if (!is_same_user(fd.get())) {
    return fail(ErrorKind::permission_denied, "the agent in '{}' runs as another user",
                printable(node_dir));
  }
  return fd;
}

Result<Hello> ask_agent(const std::string& node_dir, Millis timeout) {
  const auto deadline = Steady::now() + timeout;
  BDAAS_ASSIGN(const auto fd, connect_agent(node_dir));
  LineBuffer lines(kMaxMessageBytes);
  std::array<char, 4096> buffer;
  for (;;) {
    const auto left = std::chrono::ceil<Millis>(deadline - Steady::now()).count();
    pollfd readable{fd.get(), POLLIN, 0};
    if (left <= 0 ||
        ::poll(&readable, 1, static_cast<int>(std::min<long long>(left, 60'000))) == 0) {
      return fail(ErrorKind::deadline_exceeded, "the agent in '{}' does not say hello",
                  printable(node_dir));
    }
    const ssize_t got = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) return unavailable(node_dir, got < 0 ? errno : ECONNRESET);
    BDAAS_TRY(lines.append({buffer.data(), static_cast<std::size_t>(got)}));
    const auto line = lines.next();
    if (!line) continue;
    BDAAS_ASSIGN(auto report, read_report(*line));
    if (auto* hello = std::get_if<Hello>(&report)) return std::move(*hello);
    return fail(ErrorKind::corrupted, "the agent in '{}' does not begin with hello",
                printable(node_dir));
  }
}

}  // namespace bdaas
