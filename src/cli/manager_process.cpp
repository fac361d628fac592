#include "cli/manager_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <optional>

#include "base/os_error.h"
#include "base/subprocess.h"
#include "base/unique_fd.h"
#include "model/manager_address.h"

namespace bdaas::cli {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Millis kHealthTimeout{2'000};
constexpr Millis kLookAgain{25};
constexpr int kLogLines = 5;
constexpr Millis kLastMoment{200};
// When our own `serve` ended at once: another CLI's may hold the lock and be about to answer.
constexpr Millis kGraceForAnother{5'000};

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

Result<> check_health(const Endpoint& endpoint, const std::atomic<bool>* stop) {
  HttpClient client;
  HttpRequest request;
  request.cancel = stop;
  request.url = endpoint.base_url + "/v1/health";
  request.timeout = kHealthTimeout;
  request.connect_timeout = kHealthTimeout;
  BDAAS_ASSIGN(const auto response, client.send(request));
  const auto body = parse_json(response.body);
  if (response.ok() && body && body->is_object() && body->get_object().contains("ok")) return {};
  return fail(ErrorKind::unavailable, "{} answered {} to a question for its health",
              endpoint.base_url, response.status);
}

// `serve --detach` in a session of its own, with its stderr kept for the case that it fails.
class ServeProcess {
 public:
  static Result<ServeProcess> start(const CliEnvironment& environment);
  ~ServeProcess();
  ServeProcess(ServeProcess&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)),
        pid_fd_(std::move(other.pid_fd_)),
        err_(std::move(other.err_)) {}
  ServeProcess& operator=(ServeProcess&&) = delete;

  // Waits at most so long for its end: it serves in the background then, or has failed. The exit
  // code, or nothing while it lives, and once it was told.
  std::optional<int> wait(Millis most);
  std::string said() const;

 private:
  ServeProcess(pid_t pid, UniqueFd pid_fd, UniqueFd err)
      : pid_(pid), pid_fd_(std::move(pid_fd)), err_(std::move(err)) {}

  pid_t pid_;
  UniqueFd pid_fd_;
  UniqueFd
      err_;  // a memory file: it needs no reader, also after the process went to the background
};

class SpawnSettings {
 public:
  explicit SpawnSettings(int err_fd) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions_, 0, 1);
    posix_spawn_file_actions_adddup2(&actions_, err_fd, 2);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
    sigset_t ordinary;
    sigemptyset(&ordinary);
    sigaddset(&ordinary, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes_, &ordinary);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

std::vector<char*> pointers_of(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

Result<ServeProcess> ServeProcess::start(const CliEnvironment& environment) {
  UniqueFd err(::memfd_create("bdaas-serve-stderr", MFD_CLOEXEC));
  if (!err.valid()) return os_error(errno, "cannot start the manager");
  std::vector<std::string> words = {environment.executable, "serve", "--detach", "--idle-exit",
                                    "10m"};
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment.env) variables.push_back(name + "=" + value);
  const SpawnSettings settings(err.get());
  pid_t pid = -1;
  const int failed =
      ::posix_spawn(&pid, environment.executable.c_str(), settings.actions(), settings.attributes(),
                    pointers_of(words).data(), pointers_of(variables).data());
  if (failed != 0) {
    return os_error(failed, fmt::format("cannot start the manager '{}'", environment.executable));
  }
  UniqueFd pid_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  return ServeProcess(pid, std::move(pid_fd), std::move(err));
}

std::optional<int> ServeProcess::wait(Millis most) {
  pollfd ended{pid_fd_.get(), POLLIN, 0};  // a negative descriptor just waits
  ::poll(&ended, 1, static_cast<int>(most.count()));
  int status = 0;
  if (pid_ < 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  pid_ = -1;
  pid_fd_.reset();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

ServeProcess::~ServeProcess() {
  // It ends a moment after its child answers. Should it live on, whoever inherits it reaps it.
  if (pid_ >= 0) (void)wait(kLastMoment);
}

std::string ServeProcess::said() const {
  std::string text(4096, '\0');
  const auto got = ::pread(err_.get(), text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return trimmed(std::move(text));
}

std::string why_not(const ServeProcess& serve, const StateDir& state) {
  if (auto said = serve.said(); !said.empty()) return said;
  const auto log = read_file(state.log());
  const auto lines = log ? trimmed(last_lines(*log, kLogLines)) : std::string();
  if (lines.empty()) return fmt::format("it says nothing; see '{}'", state.log().native());
  return fmt::format("the end of '{}' is:\n{}", state.log().native(), lines);
}

}  // namespace

Result<StateDir> state_dir_of(const CliEnvironment& environment) {
  const auto value = [&](const char* name) {
    const auto found = environment.env.find(name);
    return found == environment.env.end() ? std::string() : found->second;
  };
  StateDir state;
  if (const auto home = value("BDAAS_HOME"); !home.empty()) {
    state.root = fs::absolute(home);
  } else if (const auto data = value("XDG_DATA_HOME"); data.starts_with('/')) {
    state.root = fs::path(data) / "bdaas";
  } else if (const auto user = value("HOME"); !user.empty()) {
    state.root = fs::path(user) / ".local/share/bdaas";
  } else {
    return fail(ErrorKind::invalid_argument,
                "neither BDAAS_HOME nor HOME says where the state directory is; set BDAAS_HOME");
  }
  const auto packages = value("BDAAS_PACKAGES");
  state.packages_root = packages.empty() ? state.root / "packages" : fs::path(packages);
  return state;
}

namespace {

bool is_our_process(std::int64_t pid) {
  struct stat found {};
  return ::stat(fmt::format("/proc/{}", pid).c_str(), &found) == 0 && found.st_uid == ::geteuid();
}

// A manager that was killed leaves its file behind. Whoever listens at its port by now may be
// another user, who would get the token with the first request.
Result<ManagerAddress> read_address(const StateDir& state) {
  const auto text = read_file(state.manager());
  if (!text) return fail(ErrorKind::unavailable, "no manager runs");
  BDAAS_ASSIGN(const auto value, parse_json(*text).context(state.manager().native()));
  BDAAS_ASSIGN(auto address, from_json<ManagerAddress>(value));
  if (address.pid > 0 && is_our_process(address.pid)) return address;
  return fail(ErrorKind::unavailable,
              "no manager runs: '{}' names process {}, which is none of ours",
              state.manager().native(), address.pid);
}

}  // namespace

Result<Endpoint> find_manager(const StateDir& state, const std::atomic<bool>* stop) {
  BDAAS_ASSIGN(const auto file, read_address(state));
  BDAAS_ASSIGN(auto token, read_file(state.token()));
  Endpoint endpoint{fmt::format("http://{}:{}", file.address, file.port),
                    Secret<std::string>(trimmed(std::move(token)))};
  BDAAS_TRY(check_health(endpoint, stop));
  return endpoint;
}

UniqueFd process_of_manager(const StateDir& state) {
  const auto file = read_address(state);
  if (!file) return {};
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(file->pid), 0)));
}

Result<Endpoint> ensure_manager(const CliEnvironment& environment, const StateDir& state,
                                Millis deadline, const std::atomic<bool>* stop) {
  const auto stopped = [stop] { return stop != nullptr && *stop; };
  if (auto found = find_manager(state, stop)) return found;
  if (stopped()) return fail(ErrorKind::cancelled, "stopped");
  BDAAS_ASSIGN(auto serve, ServeProcess::start(environment));
  auto until = SteadyClock::now() + deadline;
  bool ended = false;
  while (SteadyClock::now() < until) {
    if (stopped()) return fail(ErrorKind::cancelled, "stopped");
    const auto code = serve.wait(kLookAgain);
    if (auto found = find_manager(state, stop)) return found;
    if (code && *code != 0 && !ended) {
      ended = true;
      until = std::min(until, SteadyClock::now() + kGraceForAnother);
    }
  }
  return fail(ErrorKind::unavailable, "cannot start the manager: {}", why_not(serve, state));
}

}  // namespace bdaas::cli
