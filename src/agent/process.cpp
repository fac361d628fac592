#include "agent/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>

#include "base/files.h"
#include "base/os_error.h"

extern char** environ;

namespace bdaas {

namespace {

// glibc 2.36 declares its wrappers without C linkage, so they cannot be linked from C++.
int open_pidfd(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

// Closes all but the first three and these two: a child that waits must not keep the agent's
// address or sockets.
void close_all_but(int a, int b) {
  const auto [low, high] = std::minmax({static_cast<unsigned>(a), static_cast<unsigned>(b)});
  if (low > 3) ::close_range(3, low - 1, 0);
  if (high > low + 1) ::close_range(low + 1, high - 1, 0);
  ::close_range(high + 1, ~0u, 0);
}

// In the child, between fork and exec. Returns only with the reason why it could not exec.
int become(const SpawnSpec& spec, int gate, int failure, int null) {
  if (spec.own_session && ::setsid() < 0) return errno;
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGPIPE, SIGHUP, SIGTERM, SIGINT, SIGCHLD}) ::signal(number, SIG_DFL);
  if (::dup2(null, 0) < 0) return errno;
  if (spec.out >= 0 && ::dup2(spec.out, 1) < 0) return errno;
  if (spec.err >= 0 && ::dup2(spec.err, 2) < 0) return errno;
  close_all_but(gate, failure);
  if (!spec.working_dir.empty() && ::chdir(spec.working_dir.c_str()) != 0) return errno;
  char go = 0;
  ssize_t got = 0;
  while ((got = ::read(gate, &go, 1)) < 0 && errno == EINTR) {
  }
  if (got != 1) ::_exit(125);  // the parent is gone or has changed its mind
  std::vector<std::string> texts;
  for (const auto& [name, value] : spec.env) texts.push_back(name + "=" + value);
  std::vector<char*> env;
  for (auto& text : texts) env.push_back(text.data());
  env.push_back(nullptr);
  std::vector<char*> argv;
  for (const auto& text : spec.argv) argv.push_back(const_cast<char*>(text.c_str()));
  argv.push_back(nullptr);
  environ = env.data();  // also where execvp takes PATH from
  ::execvp(argv[0], argv.data());
  return errno;
}

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return os_error(errno, "cannot make a pipe");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

}  // namespace

std::optional<ProcessStat> read_stat(pid_t pid) {
  const auto text = read_file(fmt::format("/proc/{}/stat", pid), 4096);
  if (!text) return std::nullopt;
  const auto name_end = text->rfind(')');  // the name may hold blanks and brackets
  if (name_end == std::string::npos || name_end + 2 >= text->size()) return std::nullopt;
  ProcessStat stat;
  stat.id.pid = pid;
  stat.state = (*text)[name_end + 2];
  const char* at = text->data() + name_end + 3;
  const char* const end = text->data() + text->size();
  for (int field = 4; field <= 24 && at < end; ++field) {
    while (at < end && *at == ' ') ++at;
    std::int64_t number = 0;
    at = std::from_chars(at, end, number).ptr;
    if (field == 4) stat.parent = number;
    if (field == 14 || field == 15) stat.cpu_ticks += number;
    if (field == 22) stat.id.start = number;
    if (field == 24) stat.rss_bytes = number * ::sysconf(_SC_PAGESIZE);
  }
  return stat;
}

std::optional<ProcessId> identify(pid_t pid) {
  const auto stat = read_stat(pid);
  if (!stat || stat->state == 'Z' || stat->state == 'X') return std::nullopt;
  return stat->id;
}

std::optional<Process> Process::adopt(const ProcessId& id) {
  const auto pid = static_cast<pid_t>(id.pid);
  if (pid <= 0) return std::nullopt;
  UniqueFd pidfd(open_pidfd(pid));
  // Compared after opening: from here on the pidfd stands for this process and no other.
  if (!pidfd.valid() || identify(pid) != id) return std::nullopt;
  return Process(id, std::move(pidfd));
}

std::optional<Process::Exit> Process::ended() {
  if (exit_) return exit_;
  pollfd watched{pidfd_.get(), POLLIN, 0};
  if (::poll(&watched, 1, 0) != 1) return std::nullopt;
  exit_ = Exit{};
  siginfo_t info{};
  if (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG) == 0 &&
      info.si_pid != 0) {
    exit_->code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
  }
  return exit_;
}

void Process::signal(int number) const {
  if (!exit_) ::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0);
}

void Process::signal_group(int number) const {
  if (!exit_) ::kill(-static_cast<pid_t>(id_.pid), number);
}

Result<HeldProcess> HeldProcess::fork(const SpawnSpec& spec) {
  if (spec.argv.empty()) return fail(ErrorKind::invalid_argument, "no program to run was given");
  BDAAS_ASSIGN(auto gate, make_pipe());
  BDAAS_ASSIGN(auto failure, make_pipe());
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!null.valid()) return os_error(errno, "cannot open '/dev/null'");
  const pid_t pid = ::fork();
  if (pid < 0) return os_error(errno, fmt::format("cannot start '{}'", spec.argv.front()));
  if (pid == 0) {
    const int code = become(spec, gate.read_end.get(), failure.write_end.get(), null.get());
    [[maybe_unused]] const auto told = ::write(failure.write_end.get(), &code, sizeof code);
    ::_exit(127);
  }
  UniqueFd pidfd(open_pidfd(pid));
  if (!pidfd.valid()) return os_error(errno, fmt::format("cannot watch process {}", pid));
  const auto stat = read_stat(pid);
  if (!stat) return fail(ErrorKind::internal, "cannot watch process {}", pid);
  return HeldProcess(Process(stat->id, std::move(pidfd)), std::move(gate.write_end),
                     std::move(failure.read_end));
}

Result<Process> HeldProcess::release() && {
  const char go = 1;
  // its failure shows in what follows
  [[maybe_unused]] const auto opened = ::write(gate_.get(), &go, 1);
  int code = 0;
  ssize_t got = 0;
  while ((got = ::read(failure_.get(), &code, sizeof code)) < 0 && errno == EINTR) {
  }
  if (got == sizeof code) return os_error(code, "cannot execute the program");
  return std::move(process_);  // closed by exec
}

}  // namespace bdaas
