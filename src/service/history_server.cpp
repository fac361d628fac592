#include "service/history_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/os_error.h"
#include "base/os_host.h"
#include "base/subprocess.h"
#include "base/tcp_bind.h"
#include "engine/spark/history_plan.h"

namespace bdaas {
namespace {

using Steady = std::chrono::steady_clock;

constexpr Millis kLookAgain{200};
constexpr const char* kReadyPath = "/api/v1/applications?limit=1";

// Free a moment ago; should somebody take it first, the server ends at once and says so.
Result<std::int64_t> free_port() {
  BDAAS_ASSIGN(const auto fd, bind_tcp("127.0.0.1", 0));
  sockaddr_in name{};
  socklen_t length = sizeof name;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &length) != 0) {
    return os_error(errno, "cannot find a free port");
  }
  return std::int64_t{ntohs(name.sin_port)};
}

// setpriv makes the kernel end the child together with the thread that began it, whatever ends the
// manager. It belongs to every Debian; without it a killed manager leaves the child behind.
std::vector<std::string> bound_to_us(const std::vector<std::string>& argv) {
  std::vector<std::string> bound;
  if (const auto setpriv = find_program("setpriv")) bound = {*setpriv, "--pdeathsig", "KILL"};
  bound.insert(bound.end(), argv.begin(), argv.end());
  return bound;
}

Error stopped() {
  return fail(ErrorKind::unavailable, "the manager ends, and its Spark History Server with it");
}

Result<> lay_out(const NodePlan& plan) {
  for (const auto& dir : plan.directories) BDAAS_TRY(make_directory(dir, 0700));
  for (const auto& file : plan.files) {
    BDAAS_TRY(write_file(file.path, file.content, static_cast<mode_t>(file.mode)));
  }
  return {};
}

}  // namespace

HistoryServer::HistoryServer(HistoryServerOptions options,
                             std::function<Result<ReleaseFacts>()> release,
                             std::shared_ptr<HttpClient> client, Log log)
    : options_(std::move(options)),
      release_(std::move(release)),
      client_(std::move(client)),
      log_(std::move(log)) {}

HistoryServer::~HistoryServer() {
  stop();
  if (runner_.joinable()) runner_.join();
}

void HistoryServer::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

Result<std::string> HistoryServer::url() {
  std::unique_lock lock(mutex_);
  used_at_ = Steady::now();
  if (stopping_) return stopped();
  if (!alive_) BDAAS_TRY(begin().context("cannot start the Spark History Server"));
  const auto deadline = Steady::now() + options_.start_deadline;
  while (!ready_) {
    const auto port = port_;
    lock.unlock();
    const bool up = answers(port);
    lock.lock();
    used_at_ = Steady::now();
    if (stopping_) return stopped();
    if (!alive_) {
      return fail(ErrorKind::unavailable, "the Spark History Server has ended: {}", said_);
    }
    ready_ = ready_ || up;
    if (ready_) changed_.notify_all();
    if (!ready_ && Steady::now() > deadline) {
      return fail(ErrorKind::deadline_exceeded,
                  "the Spark History Server does not answer within {}; try again",
                  human_duration(options_.start_deadline));
    }
    if (!ready_) changed_.wait_for(lock, kLookAgain, [&] { return !alive_ || stopping_; });
  }
  used_at_ = Steady::now();
  return fmt::format("http://127.0.0.1:{}", port_);
}

// Under the lock.
Result<> HistoryServer::begin() {
  if (runner_.joinable()) runner_.join();  // it has let go of the lock for the last time
  BDAAS_ASSIGN(const auto release, release_());
  BDAAS_ASSIGN(port_, free_port());
  const auto plan = plan_history_server({.release = release,
                                         .dir = options_.dir.string(),
                                         .os_host = os_host_name(),
                                         .port = port_,
                                         .logs = options_.logs.string(),
                                         .place = options_.place});
  BDAAS_TRY(lay_out(plan));
  const auto& daemon = plan.daemons.front();
  alive_ = true;
  running_ = true;
  end_child_ = false;
  ready_ = false;
  said_.clear();
  runner_ =
      std::thread([this, argv = bound_to_us(daemon.argv), env = daemon.env] { live(argv, env); });
  return {};
}

bool HistoryServer::answers(std::int64_t port) const {
  HttpRequest request;
  request.url = fmt::format("http://127.0.0.1:{}{}", port, kReadyPath);
  request.timeout = Millis{5'000};
  request.cancel = &stopping_;
  const auto response = client_->send(request);
  return response.ok() && response->ok();
}

void HistoryServer::live(std::vector<std::string> argv, std::map<std::string, std::string> env) {
  Command command;
  command.argv = std::move(argv);
  command.env = std::move(env);
  command.working_dir = options_.dir.string();
  command.timeout = std::chrono::hours(24 * 365);
  command.keep_bytes = 8 * 1024;
  command.cancel = &end_child_;
  std::thread idle([this] { end_when_idle(); });
  const auto ended = run(command);
  {
    const std::lock_guard lock(mutex_);
    running_ = false;
    ready_ = false;
    said_ =
        ended ? last_lines(ended->err.empty() ? ended->out : ended->err, 5) : ended.error().message;
    changed_.notify_all();
  }
  idle.join();
  // Last: who sees it joins this thread, and holds the lock meanwhile.
  const std::lock_guard lock(mutex_);
  alive_ = false;
  changed_.notify_all();
}

// Ends with the child, or ends it.
void HistoryServer::end_when_idle() {
  std::unique_lock lock(mutex_);
  // One that is still starting is being waited for.
  const auto due = [&] {
    return used_at_ + options_.idle + (ready_ ? Millis{0} : options_.start_deadline);
  };
  while (running_ && !stopping_ && Steady::now() < due()) changed_.wait_until(lock, due());
  if (!running_) return;
  log_.info("the Spark History Server is ended: {}",
            stopping_ ? "the manager ends" : "nobody looks at it");
  end_child_ = true;
}

}  // namespace bdaas
