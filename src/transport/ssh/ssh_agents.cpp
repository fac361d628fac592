#include "transport/ssh/ssh_agents.h"

#include <fcntl.h>
#include <sys/utsname.h>

#include "base/digest.h"
#include "base/os_error.h"

namespace bdaas {

namespace {

constexpr Millis kBringTime{120'000};
constexpr Millis kStartTime{30'000};
constexpr std::size_t kHashDigits = 16;
constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;
constexpr int kOtherArchitecture = 44;

// The one shell text of this project that runs elsewhere; its arguments are the agent's place, the
// manager's directory and our architecture. The directory must be the user's own: /var/tmp is
// everybody's, and who made it before us could put another program there.
constexpr std::string_view kBringScript = R"sh(set -e
agent=$1 base=$2 arch=$3
if [ "$(uname -m)" != "$arch" ]; then uname -m; exit 44; fi
umask 077
mkdir -p "$base/bin"
if ! [ -O "$base" ]; then echo "$base belongs to another user" >&2; exit 1; fi
cat > "$base/bin/coming.$$"
chmod 700 "$base/bin/coming.$$"
mv -f "$base/bin/coming.$$" "$agent"
)sh";

std::string architecture() {
  utsname name{};
  return ::uname(&name) == 0 ? name.machine : "unknown";
}

std::string where(const SshLogin& login) {
  return fmt::format("{}@{}", login.host.user, login.host.address);
}

// What a command of the agent answered; its refusal with the kind it has.
Result<std::string> answer_of(const Completed& done, std::string_view command,
                              const SshLogin& login) {
  if (done.exit_code == 0) return done.out;
  const auto value = parse_json(done.err);
  const auto refusal = value && done.exit_code == kHostRefuses ? from_json<HostRefusal>(*value)
                                                               : Result<HostRefusal>(HostRefusal{});
  if (refusal && !refusal->message.empty()) {
    return fail(refusal->kind, "{}: {}", where(login), refusal->message);
  }
  return fail(ErrorKind::failed_precondition, "{}: '{}' ended with exit code {}: {}", where(login),
              command, done.exit_code, printable(last_lines(done.err + done.out, 5)));
}

}  // namespace

std::string SshAgents::binary(const std::string& base) const {
  std::call_once(hashed_, [this] {
    // A program that cannot be read is told of by bring().
    hash_ = sha256_of_file(agent_binary_).value_or("unknown").substr(0, kHashDigits);
  });
  return HostLayout{base}.agent(hash_);
}

Result<> SshAgents::bring(const SshLogin& login, const std::string& base) {
  const UniqueFd program(::open(agent_binary_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!program.valid()) return os_error(errno, fmt::format("cannot open '{}'", agent_binary_));
  RemoteCommand command;
  command.argv = {"/bin/sh", "-c",          std::string(kBringScript), "bring", binary(base),
                  base,      architecture()};
  command.input_fd = program.get();
  command.timeout = kBringTime;
  BDAAS_ASSIGN(const auto done, remote_.run(login, command));
  if (done.exit_code == 0) return {};
  if (done.exit_code == kOtherArchitecture) {
    return fail(ErrorKind::failed_precondition,
                "{} is a computer of architecture {}, and this "
                "manager has an agent for {} only",
                where(login), printable(done.out.substr(0, done.out.find('\n'))), architecture());
  }
  return fail(ErrorKind::failed_precondition,
              "the agent cannot be put into {} of {}: {}; name another directory with 'dir'", base,
              where(login), printable(last_lines(done.err, 3)));
}

Result<std::string> SshAgents::run(const SshLogin& login, const std::string& base,
                                   const std::vector<std::string>& words, RemoteCommand command) {
  command.argv = {binary(base)};
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  BDAAS_ASSIGN(auto done, remote_.run(login, command));
  if (done.exit_code == kNotFound) {
    BDAAS_TRY(bring(login, base));
    BDAAS_ASSIGN(done, remote_.run(login, command));
  }
  if (done.exit_code == kNotExecutable) {
    return fail(ErrorKind::failed_precondition,
                "no program can be run from {} on {} (is it mounted noexec?): name another "
                "directory with 'dir'",
                base, where(login));
  }
  return answer_of(done, words.front(), login);
}

Result<std::string> SshAgents::ask(const SshLogin& login, const std::string& base,
                                   std::string_view what, const std::string& question,
                                   Millis timeout) {
  RemoteCommand command;
  command.input = question;
  command.timeout = timeout;
  return run(login, base, {std::string(what)}, std::move(command));
}

Result<> SshAgents::place(const Machine& machine, const AgentConfig& config) {
  if (!machine.ssh || config.dir != machine.dir) {
    return fail(ErrorKind::invalid_argument, "the agent's directory '{}' is not the machine's '{}'",
                config.dir, machine.dir);
  }
  const PlaceOrder order{base_of(machine), config};
  auto placed = ask(*machine.ssh, order.base, "place", write_json(to_json(order)), kStartTime);
  if (placed) return {};
  return std::move(placed).error().context(
      fmt::format("cannot start the agent of node {}", config.node.text));
}

Result<UniqueFd> SshAgents::dial(const Machine& machine) {
  return remote_.open(*machine.ssh, {binary(base_of(machine)), "link", "--dir", machine.dir});
}

}  // namespace bdaas
