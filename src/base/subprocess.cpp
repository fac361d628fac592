#include "base/subprocess.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "base/os_error.h"
#include "base/unique_fd.h"

extern char** environ;

namespace bdaas {

namespace {

using Steady = std::chrono::steady_clock;

constexpr Millis kTermGrace{2000};
constexpr Millis kCancelPoll{200};
constexpr int kPipeReadsMax = 1024;               // each takes up to what an ordinary pipe holds
constexpr std::size_t kLineBytesMax = 64 * 1024;  // longer lines are handed on in pieces

// How long a child is waited for: to a time, or until a flag is raised.
struct Until {
  Steady::time_point deadline = Steady::time_point::max();
  const std::atomic<bool>* cancel = nullptr;

  bool is_cancelled() const { return cancel != nullptr && cancel->load(); }
  bool is_over() const { return is_cancelled() || Steady::now() >= deadline; }
};

// One output stream of the child: its pipe, its tail, and what was not handed on yet.
class Stream {
 public:
  Stream(const Command& command, UniqueFd fd) : command_(command), fd_(std::move(fd)) {}

  int fd() const { return fd_.get(); }

  // Reads once, and hands on its lines until then; closes the pipe at its end. False: nothing is
  // there now.
  bool read_some(const Until& until) {
    if (!fd_.valid()) return false;
    std::array<char, 64 * 1024> buffer;
    const ssize_t got = ::read(fd_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) return true;
    if (got < 0 && errno == EAGAIN) return false;
    if (got > 0) {
      take({buffer.data(), static_cast<std::size_t>(got)}, until);
    } else {
      fd_.reset();
    }
    return true;
  }

  // What is in the pipe after the child's end; bounded, since a process it left behind may go on
  // writing.
  void read_rest() {
    hand_on_lines({});
    for (int reads = 0; reads < kPipeReadsMax && read_some({}); ++reads) {
    }
  }

  // From now on only the tail is of use.
  void hand_on_no_more() {
    handing_on_ = false;
    waiting_.clear();
  }

  // Hands on a last line without '\n'; returns the tail.
  std::string finish() {
    if (!waiting_.empty()) hand_on(waiting_);
    cut_to(command_.keep_bytes);
    return std::move(tail_);
  }

 private:
  void take(std::string_view bytes, const Until& until) {
    tail_ += bytes;
    if (tail_.size() > 2 * command_.keep_bytes) cut_to(command_.keep_bytes);
    if (!handing_on_) return;
    waiting_ += bytes;
    hand_on_lines(until);
  }

  // Asks the time before each: who takes them may be slow, and one read may bring thousands.
  void hand_on_lines(const Until& until) {
    std::string_view rest = waiting_;
    while (!rest.empty() && !until.is_over()) {
      const auto end = rest.substr(0, kLineBytesMax).find('\n');
      if (end == rest.npos && rest.size() < kLineBytesMax) break;
      hand_on(rest.substr(0, std::min(end, kLineBytesMax)));
      rest.remove_prefix(end == rest.npos ? kLineBytesMax : end + 1);
    }
    waiting_.erase(0, waiting_.size() - rest.size());
  }

  void hand_on(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    command_.on_line(line);
  }

  void cut_to(std::size_t bytes) {
    if (tail_.size() > bytes) tail_.erase(0, tail_.size() - bytes);
  }

  const Command& command_;
  UniqueFd fd_;
  std::string tail_;
  std::string waiting_;  // lines to be handed on, and the one that is being assembled
  bool handing_on_ = command_.on_line != nullptr;
};

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return os_error(errno, "cannot make a pipe");
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  ::fcntl(pipe.read_end.get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!added.contains(std::string(text.substr(0, text.find('='))))) merged.emplace_back(text);
  }
  for (const auto& [name, value] : added) merged.push_back(name + "=" + value);
  return merged;
}

std::vector<char*> pointers_of(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const auto& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// posix_spawn's two attribute objects with their lifetime.
struct SpawnSettings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;

  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  // Own process group; signals as a fresh program expects them, whatever this process blocks or
  // ignores.
  void set(const Command& command, int out, int err) {
    if (!command.working_dir.empty()) {
      posix_spawn_file_actions_addchdir_np(&actions, command.working_dir.c_str());
    }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_adddup2(&actions, err, 2);
#ifdef __GLIBC__
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);  // also what libraries left open
#endif
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
};

Result<pid_t> spawn(const Command& command, int out, int err) {
  if (command.argv.empty()) return fail(ErrorKind::invalid_argument, "no program to run was given");
  const std::string& name = command.argv.front();
  struct stat status {};
  if (!command.working_dir.empty() && ::stat(command.working_dir.c_str(), &status) != 0) {
    return os_error(errno, fmt::format("cannot run '{}' in '{}'", name, command.working_dir));
  }
  const auto environment = merged_environment(command.env);
  const auto argv = pointers_of(command.argv);
  const auto envp = pointers_of(environment);
  SpawnSettings settings;
  settings.set(command, out, err);
  pid_t pid = -1;
  const int code = posix_spawnp(&pid, name.c_str(), &settings.actions, &settings.attributes,
                                argv.data(), envp.data());
  if (code != 0) return os_error(code, fmt::format("cannot run '{}'", name));
  return pid;
}

int poll_timeout(const Until& until) {
  const auto left = std::chrono::ceil<Millis>(until.deadline - Steady::now()).count();
  const long long most = until.cancel != nullptr ? kCancelPoll.count() : 3'600'000;
  return static_cast<int>(std::clamp<long long>(left, 0, most));
}

// Waits for the end of a started child while taking its output.
class Supervision {
 public:
  Supervision(const Command& command, pid_t pid, UniqueFd out, UniqueFd err)
      : pid_(pid),
        pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))),
        pidfd_error_(pidfd_.valid() ? 0 : errno),
        out_(command, std::move(out)),
        err_(command, std::move(err)) {}

  int error() const { return pidfd_error_; }  // 0, or why its end cannot be watched

  enum class Wait { ended, deadline, cancelled };

  // A child that has ended has ended, also when that is seen late because its lines were taken
  // slowly; a child that never stops to write is one that does not end.
  Wait wait_until(const Until& until) {
    for (;;) {
      std::array<pollfd, 3> fds{
          {{out_.fd(), POLLIN, 0}, {err_.fd(), POLLIN, 0}, {pidfd_.get(), POLLIN, 0}}};
      const int ready = ::poll(fds.data(), fds.size(), poll_timeout(until));
      if (until.is_cancelled()) return Wait::cancelled;
      if (ready > 0 && fds[2].revents != 0) return Wait::ended;  // reap() reads the rest
      if (Steady::now() >= until.deadline) return Wait::deadline;
      if (ready > 0 && fds[0].revents != 0) out_.read_some(until);
      if (ready > 0 && fds[1].revents != 0) err_.read_some(until);
    }
  }

  void hand_on_no_more() {
    out_.hand_on_no_more();
    err_.hand_on_no_more();
  }

  // The pid cannot be taken by another process before reap().
  void signal_group(int signal) const { ::kill(-pid_, signal); }

  Completed reap() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    out_.read_rest();
    err_.read_rest();
    const int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return {code, out_.finish(), err_.finish()};
  }

 private:
  pid_t pid_;
  UniqueFd pidfd_;
  int pidfd_error_;
  Stream out_;
  Stream err_;
};

Error timed_out(const Command& command, const Completed& completed) {
  const auto& text = completed.err.empty() ? completed.out : completed.err;
  const auto said = last_lines(text, 5);
  return fail(ErrorKind::deadline_exceeded, "'{}' did not end within {} and was stopped{}{}",
              command.argv.front(), human_duration(command.timeout), said.empty() ? "" : ": ",
              said);
}

bool is_executable(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

Result<Completed> run(const Command& command) {
  const auto deadline = Steady::now() + command.timeout;
  BDAAS_ASSIGN(auto out, make_pipe());
  BDAAS_ASSIGN(auto err, make_pipe());
  BDAAS_ASSIGN(const pid_t pid, spawn(command, out.write_end.get(), err.write_end.get()));
  out.write_end.reset();
  err.write_end.reset();
  Supervision child(command, pid, std::move(out.read_end), std::move(err.read_end));
  if (child.error() != 0) {
    child.signal_group(SIGKILL);
    child.reap();
    return os_error(child.error(), fmt::format("cannot watch '{}'", command.argv.front()));
  }
  if (command.on_start) command.on_start(pid);
  const auto waited = child.wait_until({deadline, command.cancel});
  if (waited == Supervision::Wait::ended) return child.reap();
  child.hand_on_no_more();
  child.signal_group(SIGTERM);
  child.wait_until({Steady::now() + kTermGrace, nullptr});
  child.signal_group(SIGKILL);  // also what an obedient leader left behind
  const Completed completed = child.reap();
  if (waited == Supervision::Wait::deadline) return timed_out(command, completed);
  return fail(ErrorKind::cancelled, "'{}' was stopped: cancelled", command.argv.front());
}

Result<Completed> run_checked(const Command& command) {
  BDAAS_ASSIGN(auto completed, run(command));
  if (completed.exit_code == 0) return completed;
  const auto& text = completed.err.empty() ? completed.out : completed.err;
  return fail(ErrorKind::failed_precondition, "'{}' ended with exit code {}: {}",
              fmt::format("{}", fmt::join(command.argv, " ")), completed.exit_code,
              last_lines(text, 10));
}

std::optional<std::string> find_program(std::string_view name) {
  if (name.empty()) return std::nullopt;
  if (name.find('/') != name.npos) {
    std::error_code error;
    const auto absolute = std::filesystem::absolute(name, error).string();
    return !error && is_executable(absolute) ? std::optional(absolute) : std::nullopt;
  }
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
  for (;;) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const auto candidate = fmt::format("{}/{}", rest.substr(0, end), name);
    if (candidate.front() == '/' && end > 0 && is_executable(candidate)) return candidate;
    if (end == rest.size()) return std::nullopt;
    rest.remove_prefix(end + 1);
  }
}

std::string last_lines(std::string_view text, int lines) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::size_t begin = text.size() + 1;  // where the first line to keep begins
  for (int i = 0; i < lines && begin > 0; ++i) {
    const auto end_of_earlier = begin < 2 ? text.npos : text.rfind('\n', begin - 2);
    begin = end_of_earlier == text.npos ? 0 : end_of_earlier + 1;
  }
  return begin > text.size() ? std::string() : std::string(text.substr(begin));
}

}  // namespace bdaas
