#include "agent/host_mode.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "agent/process_table.h"
#include "base/directory.h"
#include "base/host_resources.h"
#include "base/lock_file.h"
#include "base/os_error.h"
#include "base/os_host.h"
#include "base/unique_fd.h"
#include "model/local_claim.h"

namespace bdaas {

namespace {

constexpr std::string_view kLeaseFile = "lease.json";
constexpr std::size_t kQuestionBytesMax = 1u << 20;
constexpr Millis kKillTime{20'000};

// sshd sets it; the libraries that look names up cannot be linked statically.
std::string login_name() {
  for (const char* variable : {"LOGNAME", "USER"}) {
    const char* name = std::getenv(variable);
    if (name != nullptr && *name != '\0') return name;
  }
  return std::to_string(::geteuid());
}

// Nobody else may put files between ours.
Result<> own_base(const HostLayout& layout) {
  BDAAS_TRY(make_directory(layout.machines(), 0700));
  struct stat status {};
  if (::lstat(layout.base.c_str(), &status) != 0) {
    return os_error(errno, fmt::format("cannot look at '{}'", layout.base));
  }
  const bool ours = S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() &&
                    (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  if (ours) return {};
  return fail(ErrorKind::permission_denied,
              "'{}' belongs to another user or others may write to it; name another directory",
              printable(layout.base));
}

Result<std::optional<BorrowOrder>> lease_in(const fs::path& machine) {
  const auto text = read_file(machine / kLeaseFile, kQuestionBytesMax);
  if (!text && text.error().kind == ErrorKind::not_found) return std::optional<BorrowOrder>();
  if (!text) return text.error();
  BDAAS_ASSIGN(const auto value, parse_json(*text));
  BDAAS_ASSIGN(auto order, from_json<BorrowOrder>(value));
  return std::optional(std::move(order));
}

// The nearest directory above that exists.
Result<std::int64_t> free_disk_mib(fs::path path) {
  std::error_code ignored;
  while (!fs::exists(path, ignored) && path.has_parent_path() && path != path.parent_path()) {
    path = path.parent_path();
  }
  BDAAS_ASSIGN(const auto bytes, free_bytes(path));
  return static_cast<std::int64_t>(bytes >> 20);
}

// sshd tells: "client port server port".
std::string address_of_sshd() {
  const char* connection = std::getenv("SSH_CONNECTION");
  std::istringstream words(connection != nullptr ? connection : "");
  std::string client, port, server;
  words >> client >> port >> server;
  return server;
}

// As daemons do: connections that ended a moment ago are not in their way. An errno; 0: it could.
int try_to_listen(const std::string& address, std::uint16_t port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &name.sin_addr) != 1) return EAFNOSUPPORT;
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int reuse = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
  const auto* any = static_cast<const sockaddr*>(static_cast<const void*>(&name));
  const bool listens = ::bind(fd.get(), any, sizeof name) == 0 && ::listen(fd.get(), 1) == 0;
  return listens ? 0 : errno;
}

void look_at_ports(std::vector<std::int64_t> ports, HostFacts& facts) {
  ports.push_back(kLocalClaimPort);
  for (const auto port : ports) {
    const int code = try_to_listen(facts.address, static_cast<std::uint16_t>(port));
    if (code == EADDRINUSE) facts.taken_ports.push_back(port);
    if (code != 0 && code != EADDRINUSE) facts.address_error = std::strerror(code);
  }
}

template <class Question, class Answer>
Result<std::string> answer(std::string_view text, Result<Answer> (*serve)(const Question&)) {
  BDAAS_ASSIGN(const auto value, parse_json(text));
  BDAAS_ASSIGN(const auto question, from_json<Question>(value));
  BDAAS_ASSIGN(const auto answered, serve(question));
  return write_json(to_json(answered));
}

Result<std::string> answer_to(std::string_view what, std::string_view text) {
  if (what == "host") return answer(text, look_at_host);
  if (what == "borrow") return answer(text, borrow_host);
  if (what == "give-back") return answer(text, give_back_host);
  if (what == "packages") return answer(text, look_for_packages);
  return fail(ErrorKind::invalid_argument, "'{}' is not a command of hosts", printable(what));
}

Result<std::string> read_stdin() {
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error(errno, "cannot read the question");
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > kQuestionBytesMax) {
      return fail(ErrorKind::invalid_argument, "the question is longer than {} bytes",
                  kQuestionBytesMax);
    }
  }
}

Result<PlaceOrder> read_order_to_place() {
  BDAAS_ASSIGN(const auto text, read_stdin());
  BDAAS_ASSIGN(const auto value, parse_json(text));
  BDAAS_ASSIGN(auto order, from_json<PlaceOrder>(value));
  // Borrowing made it, and giving back takes it away, perhaps meanwhile: no agent must come to life
  // after that.
  std::error_code none;
  if (fs::is_directory(order.config.dir, none)) return order;
  return fail(ErrorKind::not_found, "the machine's directory '{}' is gone",
              printable(order.config.dir));
}

int refuse(const Error& error) {
  fmt::print(stderr, "{}\n", write_json(to_json(HostRefusal{error.kind, error.message})));
  return kHostRefuses;
}

}  // namespace

Result<HostFacts> look_at_host(const HostQuestion& question) {
  HostFacts facts;
  facts.user = login_name();
  facts.os_host = os_host_name();
  utsname name{};
  if (::uname(&name) == 0) facts.arch = name.machine;
  BDAAS_ASSIGN(const auto host, measure_host());
  facts.memory_mib = host.memory_total_mib;
  facts.memory_free_mib = host.memory_free_mib;
  facts.cores = host.cores;
  BDAAS_ASSIGN(facts.disk_mib, free_disk_mib(question.base));
  facts.clock = SystemClock().now();
  facts.address = question.address.empty() ? address_of_sshd() : question.address;
  if (!facts.address.empty()) look_at_ports(question.ports, facts);
  BDAAS_ASSIGN(const auto machines, list_directory(HostLayout{question.base}.machines()));
  if (!machines.empty()) facts.lease = machines.front().filename().native();
  return facts;
}

Result<Borrowed> borrow_host(const BorrowOrder& order) {
  const HostLayout layout{order.base};
  BDAAS_TRY(check_relative_name(order.lease.text).context("lease"));
  BDAAS_TRY(own_base(layout));
  // Two that borrow at once: the second one sees what the first one made.
  BDAAS_ASSIGN(const auto lock, lock_file(fs::path(layout.base) / "lock", [] { return false; }));
  BDAAS_ASSIGN(const auto machines, list_directory(layout.machines()));
  const fs::path machine = layout.machine(order.lease);
  for (const auto& other : machines) {
    if (other == machine) continue;
    return fail(ErrorKind::conflict, "it is lent as {} already",
                printable(other.filename().native()));
  }
  BDAAS_TRY(make_directory(machine, 0700));
  BDAAS_ASSIGN(const auto present, lease_in(machine));
  if (present && present->installation != order.installation) {
    return fail(ErrorKind::conflict, "the lease {} belongs to installation {}", order.lease.text,
                printable(present->installation.text));
  }
  if (!present) {
    BDAAS_TRY(write_file(machine / kLeaseFile, write_json_pretty(to_json(order)), 0600));
  }
  return Borrowed{machine.native()};
}

Result<GivenBack> give_back_host(const GiveBackOrder& order) {
  const HostLayout layout{order.base};
  BDAAS_TRY(check_relative_name(order.lease.text).context("lease"));
  const std::string machine = layout.machine(order.lease);
  std::error_code ignored;
  const bool was_there = fs::exists(machine, ignored);
  const Victims its_processes{kLeaseVariable, order.lease.text, machine};
  // Again without the directory: an agent may have started there while it was removed.
  for (int round = 0; round < 2; ++round) {
    const auto left = kill_all(its_processes, kKillTime);
    if (left > 0) {
      return fail(ErrorKind::deadline_exceeded, "{} processes of {} do not end", left,
                  order.lease.text);
    }
    BDAAS_TRY(remove_tree(machine));
  }
  return GivenBack{was_there};
}

Result<PackagesMissing> look_for_packages(const PackagesQuestion& question) {
  const fs::path packages = HostLayout{question.base}.packages();
  PackagesMissing missing;
  for (const auto& name : question.names) {
    BDAAS_TRY(check_relative_name(name));
    std::error_code ignored;
    if (!fs::is_directory(packages / name, ignored)) missing.names.push_back(name);
  }
  return missing;
}

int run_host_mode(std::string_view what) {
  auto question = read_stdin();
  auto answered = question ? answer_to(what, *question) : std::move(question);
  if (!answered) return refuse(answered.error());
  fmt::print("{}\n", *answered);
  return 0;
}

int run_place_mode() {
  const auto order = read_order_to_place();
  if (!order) return refuse(order.error());
  const AgentConfig& config = order->config;
  auto written =
      write_file(fs::path(config.dir) / "agent.json", write_json_pretty(to_json(config)), 0600);
  if (!written) return refuse(written.error());
  // The processes of a machine are found by it, whatever happens.
  ::setenv(std::string(kLeaseVariable).c_str(), config.lease.text.c_str(), 1);
  // As another program, so that a list of processes tells what it is.
  std::error_code error;
  std::string program = fs::read_symlink("/proc/self/exe", error).native();
  std::vector<std::string> words{program, "run", "--dir", config.dir, "--detach"};
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  if (!error) ::execv(program.c_str(), argv.data());
  return refuse(os_error(error ? error.value() : errno, "cannot start the agent"));
}

}  // namespace bdaas
