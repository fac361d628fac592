#pragma once
// A real sshd for tests, without root and without a fixed port: the test listens, and each
// connection gets an `sshd -i` of its own, as inetd would give it one. All its files lie in a
// directory of the test.

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>
#include <thread>

#include "base/subprocess.h"
#include "base/temp_dir.h"
#include "transport/ssh/ssh_hosts.h"

extern char** environ;

namespace bdaas {

// Listens on a port of 127.0.0.1 and hands every connection to a function, on its own thread.
class TestListener {
 public:
  explicit TestListener(std::function<void(UniqueFd)> on_connection)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd_.get(), generic, size) != 0 || ::listen(fd_.get(), 64) != 0) std::abort();
    ::getsockname(fd_.get(), generic, &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, on_connection = std::move(on_connection)] {
      for (;;) {
        UniqueFd one(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!one.valid()) return;
        ++accepted_;
        on_connection(std::move(one));
      }
    });
  }
  ~TestListener() {
    ::shutdown(fd_.get(), SHUT_RDWR);
    thread_.join();
  }
  int port() const { return port_; }
  int accepted() const { return accepted_; }

 private:
  UniqueFd fd_;
  int port_ = 0;
  std::atomic<int> accepted_ = 0;
  std::thread thread_;
};

class TestSshd {
 public:
  static constexpr const char* kSshd = "/usr/sbin/sshd";
  static constexpr const char* kPrivilegeSeparation = "/run/sshd";  // compiled in; needed by root

  // Why there can be none here; empty: there can.
  static std::string reason_to_skip() {
    if (!find_program(kSshd)) return std::string(kSshd) + " is not installed";
    if (!find_program("ssh-keygen")) return "ssh-keygen is not installed";
    if (::geteuid() == 0 && !make_directory(kPrivilegeSeparation)) return "no /run/sshd";
    return {};
  }

  explicit TestSshd(const std::string& more_settings = "") : more_settings_(more_settings) {
    make_key("user_key");
    authorize("user_key");
    use_host_key("host_key");
    listener_ = std::make_unique<TestListener>([this](UniqueFd fd) { serve(std::move(fd)); });
  }
  ~TestSshd() {
    listener_.reset();
    kill_connections();
  }

  int port() const { return listener_->port(); }
  int accepted() const { return listener_->accepted(); }
  fs::path path(const std::string& name) const { return dir_.path() / name; }
  std::string public_key(const std::string& name) const {
    auto text = read_file(path(name + ".pub")).value();
    while (text.ends_with('\n') || text.ends_with(' ')) text.pop_back();
    return text;
  }

  void make_key(const std::string& name, const std::string& type = "ed25519") {
    if (!run_checked(
            {.argv = {"ssh-keygen", "-q", "-t", type, "-N", "", "-C", "", "-f", path(name)}})) {
      std::abort();
    }
  }
  void authorize(const std::string& name) {
    if (!write_file(path("authorized_keys"), public_key(name) + "\n", 0600)) std::abort();
  }
  // For connections from now on; made when absent.
  void use_host_key(const std::string& name) {
    if (!fs::exists(path(name))) make_key(name);
    host_key_ = name;
    const auto text = fmt::format(
        "HostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPidFile none\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n"
        "UseDNS no\nLogLevel VERBOSE\nMaxStartups 1000\n{}\n",
        path(name).native(), path("authorized_keys").native(), more_settings_);
    if (!write_file(path("sshd_config"), text)) std::abort();
  }
  void also_set(const std::string& settings) {
    more_settings_ += "\n" + settings;
    use_host_key(host_key_);
  }
  // False: it is still there after ten seconds.
  bool first_connection_ends() {
    const std::lock_guard lock(mutex_);
    const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pids_.front(), 0)));
    pollfd one{process.get(), POLLIN, 0};
    return ::poll(&one, 1, 10'000) == 1;
  }
  // As when the machine is switched off, but for the words of its TCP.
  void kill_connections() {
    const std::lock_guard lock(mutex_);
    for (const pid_t pid : pids_) {
      ::kill(-pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
    pids_.clear();
  }

  SshLogin login() const {
    SshLogin login;
    login.host = {.address = "127.0.0.1", .port = port()};
    login.key_file = path("user_key");
    return login;
  }

 private:
  void serve(UniqueFd fd) {
    const auto config = path("sshd_config").native();
    const auto log = path("sshd.log").native();
    std::vector<std::string> words{kSshd, "-i", "-e", "-f", config};
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, fd.get(), 0);
    posix_spawn_file_actions_adddup2(&actions, fd.get(), 1);
    posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
    pid_t pid = -1;
    if (posix_spawn(&pid, kSshd, &actions, &attributes, argv.data(), environ) == 0) {
      const std::lock_guard lock(mutex_);
      pids_.push_back(pid);
    }
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }

  TempDir dir_ = TempDir::make().value();
  std::string more_settings_;
  std::string host_key_;
  std::mutex mutex_;  // guards what follows
  std::vector<pid_t> pids_;
  std::unique_ptr<TestListener> listener_;
};

class SshTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto reason = TestSshd::reason_to_skip();
    if (!reason.empty()) GTEST_SKIP() << reason;
    sshd_ = std::make_unique<TestSshd>();
    start();
  }

  SshOptions options() const {
    auto options = SshOptions::from_environment(dir_.path() / "known_hosts");
    options.agent_socket.clear();
    options.ssh_dir.clear();
    return options;
  }
  void start() { start(options()); }
  void start(SshOptions options) { hosts_ = std::make_unique<SshHosts>(std::move(options)); }

  Result<Completed> run_there(RemoteCommand command) {
    return hosts_->run(sshd_->login(), command);
  }
  Result<Completed> shell_there(const std::string& script) {
    return run_there({.argv = {"sh", "-c", script}});
  }

  static void block(const UniqueFd& fd) {
    ::fcntl(fd.get(), F_SETFL, 0);
    const timeval limit{20, 0};  // a lost byte fails the test instead of hanging it
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  static void write_all(const UniqueFd& fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      ASSERT_GT(sent, 0);
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  static std::string read_to_end(const UniqueFd& fd) {
    std::string all;
    std::string buffer(64 * 1024, '\0');
    for (;;) {
      const ssize_t got = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
      if (got <= 0) return got == 0 ? all : all + " (and no end)";
      all.append(buffer, 0, static_cast<std::size_t>(got));
    }
  }
  static std::string read_some(const UniqueFd& fd, std::size_t bytes) {
    std::string all(bytes, '\0');
    std::size_t have = 0;
    while (have < bytes) {
      const ssize_t got = ::recv(fd.get(), all.data() + have, bytes - have, 0);
      if (got <= 0) break;
      have += static_cast<std::size_t>(got);
    }
    all.resize(have);
    return all;
  }

  TempDir dir_ = TempDir::make().value();
  std::unique_ptr<TestSshd> sshd_;
  std::unique_ptr<SshHosts> hosts_;  // last: it speaks with the rest
};

}  // namespace bdaas
