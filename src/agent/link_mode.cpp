#include "agent/link_mode.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include "base/os_error.h"
#include "base/unique_fd.h"

namespace bdaas {

namespace {

Result<UniqueFd> connect_to_agent(const std::string& dir) {
  // A socket's path has 107 bytes, a directory may have 4,095.
  if (::chdir(dir.c_str()) != 0) return os_error(errno, fmt::format("cannot enter '{}'", dir));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string("agent.sock").copy(address.sun_path, sizeof address.sun_path - 1);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return os_error(errno, "cannot make a socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return os_error(errno, fmt::format("no agent answers in '{}'", dir));
  }
  return fd;
}

// One direction: what was read, and how much of it was written on.
struct Flow {
  int from = -1;
  int to = -1;
  std::array<char, 64 * 1024> buffer{};
  std::size_t begin = 0;
  std::size_t end = 0;

  bool full() const { return begin < end; }

  // False: this side has ended.
  bool read_some() {
    const ssize_t got = ::read(from, buffer.data(), buffer.size());
    if (got < 0) return errno == EINTR || errno == EAGAIN;
    begin = 0;
    end = static_cast<std::size_t>(got);
    return got > 0;
  }
  bool write_some() {
    const ssize_t put = ::write(to, buffer.data() + begin, end - begin);
    if (put < 0) return errno == EINTR || errno == EAGAIN;
    begin += static_cast<std::size_t>(put);
    return true;
  }
};

void relay(int agent) {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, agent}) {
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);  // one direction never holds the other
  }
  Flow down{STDIN_FILENO, agent};
  Flow up{agent, STDOUT_FILENO};
  for (;;) {
    std::array<pollfd, 4> fds{{{down.full() ? -1 : down.from, POLLIN, 0},
                               {down.full() ? down.to : -1, POLLOUT, 0},
                               {up.full() ? -1 : up.from, POLLIN, 0},
                               {up.full() ? up.to : -1, POLLOUT, 0}}};
    if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return;
    if (fds[0].revents != 0 && !down.read_some()) return;
    if (fds[1].revents != 0 && !down.write_some()) return;
    if (fds[2].revents != 0 && !up.read_some()) return;
    if (fds[3].revents != 0 && !up.write_some()) return;
  }
}

}  // namespace

int run_link_mode(const std::string& dir) {
  ::signal(SIGPIPE, SIG_IGN);
  const auto agent = connect_to_agent(dir);
  if (!agent) {
    fmt::print(stderr, "bdaas-agent: {}\n", agent.error().message);
    return 1;
  }
  relay(agent->get());
  return 0;
}

}  // namespace bdaas
