#include "provider/local/machine_processes.h"

#include <fmt/ranges.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <optional>
#include <set>
#include <vector>

#include "base/files.h"
#include "base/os_error.h"
#include "base/unique_fd.h"
#include "model/local_claim.h"

namespace bdaas {

namespace {

using Steady = std::chrono::steady_clock;

struct Found {
  pid_t pid = 0;
  UniqueFd
      pidfd;  // taken before its marks were read, so the signal meets no later owner of the pid
};

fs::path proc_of(pid_t pid) { return fs::path("/proc") / std::to_string(pid); }

std::optional<pid_t> pid_of(const fs::path& entry) {
  const std::string name = entry.filename().native();
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  const bool whole = error == std::errc() && end == name.data() + name.size();
  return whole && pid > 0 ? std::optional(pid) : std::nullopt;
}

// Field 4 of /proc/<pid>/stat; the name in field 2 may hold blanks and brackets.
std::optional<pid_t> parent_of(pid_t pid) {
  const auto stat = read_file(proc_of(pid) / "stat");
  const std::size_t end = stat ? stat->rfind(") ") : std::string::npos;
  if (end == std::string::npos || end + 4 >= stat->size()) return std::nullopt;
  pid_t parent = 0;
  std::from_chars(stat->data() + end + 4, stat->data() + stat->size(), parent);
  return parent;
}

std::set<pid_t> own_line() {
  std::set<pid_t> line;
  std::optional<pid_t> pid = ::getpid();
  while (pid && *pid > 0 && line.insert(*pid).second) pid = parent_of(*pid);
  return line;
}

bool has_variable(std::string_view environment, std::string_view entry) {
  for (std::size_t begin = 0; begin < environment.size();) {
    const std::size_t end = std::min(environment.find('\0', begin), environment.size());
    if (environment.substr(begin, end - begin) == entry) return true;
    begin = end + 1;
  }
  return false;
}

bool is_inside(const fs::path& link, const std::string& dir) {
  std::error_code error;
  const std::string target = fs::read_symlink(link, error).native();
  return !error && target.starts_with(dir) &&
         (target.size() == dir.size() || target[dir.size()] == '/' ||
          target.substr(dir.size()) == " (deleted)");
}

// A process that ended meanwhile, or whose files the kernel hides from us, is not one of the
// machine.
bool belongs(pid_t pid, const std::string& entry, const std::string& dir) {
  const fs::path proc = proc_of(pid);
  struct stat status {};
  if (::stat(proc.c_str(), &status) != 0 || status.st_uid != ::geteuid()) return false;
  if (has_variable(read_file(proc / "environ").value_or(""), entry)) return true;
  return is_inside(proc / "cwd", dir) || is_inside(proc / "exe", dir) ||
         is_inside(proc / "root", dir);
}

Result<std::vector<Found>> find(const MachineMarks& marks) {
  std::error_code error;
  const std::string dir = fs::weakly_canonical(marks.dir, error).native();
  if (error) return os_error(error.value(), "cannot find the machine's directory");
  const std::string entry = fmt::format("{}={}", kLeaseVariable, marks.token.text);
  const std::set<pid_t> spared = own_line();
  std::vector<Found> found;
  fs::directory_iterator all("/proc", error);
  for (; !error && all != fs::directory_iterator(); all.increment(error)) {
    const auto pid = pid_of(all->path());
    if (!pid || spared.contains(*pid)) continue;
    UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0)));
    if (pidfd.valid() && belongs(*pid, entry, dir)) found.push_back({*pid, std::move(pidfd)});
  }
  if (error) return os_error(error.value(), "cannot list the processes in /proc");
  return found;
}

Result<> kill_all(const std::vector<Found>& found) {
  for (const auto& [pid, pidfd] : found) {
    const long sent = ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
    if (sent != 0 && errno != ESRCH) {
      return os_error(errno, fmt::format("cannot end process {}", pid));
    }
  }
  return {};
}

Result<> wait_for_all(const std::vector<Found>& found, Steady::time_point deadline) {
  std::vector<pollfd> waiting;
  for (const auto& process : found) waiting.push_back({process.pidfd.get(), POLLIN, 0});
  for (;;) {
    const auto left = std::chrono::ceil<Millis>(deadline - Steady::now()).count();
    const int ready = ::poll(waiting.data(), waiting.size(),
                             static_cast<int>(std::clamp<long long>(left, 0, 3'600'000)));
    bool all_ended = true;
    for (auto& fd : waiting) {
      if (fd.revents != 0) fd.fd = -1;  // ended; poll passes it over
      all_ended = all_ended && fd.fd < 0;
    }
    if (all_ended) return {};
    if (ready == 0 && Steady::now() >= deadline) break;
  }
  std::vector<pid_t> alive;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (waiting[i].fd >= 0) alive.push_back(found[i].pid);
  }
  return fail(ErrorKind::deadline_exceeded, "the processes {} do not end", fmt::join(alive, ", "));
}

}  // namespace

Result<> end_processes(const MachineMarks& marks, Millis timeout) {
  const auto deadline = Steady::now() + timeout;
  for (;;) {
    BDAAS_ASSIGN(const auto found, find(marks));
    if (found.empty()) return {};
    if (Steady::now() >= deadline) {
      return fail(ErrorKind::deadline_exceeded, "{} processes are started faster than they end",
                  found.size());
    }
    BDAAS_TRY(kill_all(found));
    BDAAS_TRY(wait_for_all(found, deadline));
  }
}

}  // namespace bdaas
