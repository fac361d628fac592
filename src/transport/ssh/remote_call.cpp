#include "transport/ssh/remote_call.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/os_error.h"

namespace bdaas {

namespace {

using Steady = std::chrono::steady_clock;

constexpr Millis kCancelPoll{200};
constexpr std::size_t kPieceBytes = 128 * 1024;

// What is still to be written to a program.
class Input {
 public:
  explicit Input(const RemoteCommand& command) : fd_(command.input_fd) {
    if (fd_ < 0) rest_ = command.input;
    is_at_end_ = fd_ < 0;
  }

  bool wants_more() const { return rest_.empty() && !is_at_end_; }
  int fd() const { return fd_; }
  bool is_over() const { return rest_.empty() && is_at_end_; }

  // May block, as the caller allows.
  Result<> read_more() {
    buffer_.resize(kPieceBytes);
    const ssize_t got = ::read(fd_, buffer_.data(), buffer_.size());
    if (got < 0 && errno != EINTR && errno != EAGAIN) return os_error(errno, "cannot read input");
    rest_ =
        std::string_view(buffer_).substr(0, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    is_at_end_ = got == 0;
    return {};
  }

  // True: there is nothing more to be written, by it or by the program's wish.
  bool write_some(int to) {
    while (!rest_.empty()) {
      const ssize_t sent = ::send(to, rest_.data(), rest_.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && errno == EAGAIN) return false;
      if (sent < 0) return true;
      rest_.remove_prefix(static_cast<std::size_t>(sent));
    }
    return is_over();
  }

 private:
  int fd_;
  std::string buffer_;
  std::string_view rest_;
  bool is_at_end_ = false;
};

enum class Wait { ended, deadline, cancelled };

Result<Wait> feed(const RemoteCommand& command, int mine, Steady::time_point deadline) {
  Input input(command);
  bool is_fed = false;
  for (;;) {
    if (!is_fed && input.write_some(mine)) {
      is_fed = true;
      ::shutdown(mine, SHUT_WR);
    }
    const bool reads = !is_fed && input.wants_more();
    const bool writes = !is_fed && !reads;
    std::array<pollfd, 2> fds{{{mine, static_cast<short>(writes ? POLLIN | POLLOUT : POLLIN), 0},
                               {reads ? input.fd() : -1, POLLIN, 0}}};
    const auto left = std::chrono::ceil<Millis>(deadline - Steady::now()).count();
    const long long most = command.cancel != nullptr ? kCancelPoll.count() : 3'600'000;
    ::poll(fds.data(), fds.size(), static_cast<int>(std::clamp<long long>(left, 0, most)));
    if (command.cancel != nullptr && command.cancel->load()) return Wait::cancelled;
    // Nothing is ever sent to this end: it can be read when the other one is closed.
    if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) return Wait::ended;
    if (Steady::now() >= deadline) return Wait::deadline;
    if (fds[1].revents != 0) BDAAS_TRY(input.read_more());
  }
}

}  // namespace

Error too_late(const std::string& who, CallStage stage, const std::string& what, Millis timeout) {
  const auto name = printable(what);
  const auto span = human_duration(timeout);
  constexpr auto kKind = ErrorKind::deadline_exceeded;
  switch (stage) {
    case CallStage::connecting:
      return fail(kKind, "{}: '{}' did not begin within {}: not logged in yet", who, name, span);
    case CallStage::queued:
      return fail(kKind, "{}: '{}' waited {} for other programs there to end", who, name, span);
    case CallStage::opening:
      return fail(kKind, "{}: '{}' did not begin within {}", who, name, span);
    case CallStage::running:
      break;
  }
  return fail(kKind, "{}: '{}' did not end within {} and was stopped", who, name, span);
}

Result<Completed> feed_and_wait(const RemoteCommand& command, const std::string& who, UniqueFd mine,
                                Answer<Completed>& answer, const std::atomic<CallStage>& stage,
                                Steady::time_point deadline) {
  BDAAS_ASSIGN(const auto waited, feed(command, mine.get(), deadline));
  if (waited == Wait::cancelled) {
    return fail(ErrorKind::cancelled, "{}: '{}' was stopped: cancelled", who,
                printable(command.argv.front()));
  }
  if (waited == Wait::deadline) {
    return too_late(who, stage.load(), command.argv.front(), command.timeout);
  }
  auto given = answer.wait_until(Steady::now());
  if (given) return std::move(*given);
  return fail(ErrorKind::unavailable, "{}: SSH is being shut down here", who);
}

}  // namespace bdaas
