#include "transport/ssh/ssh_agents.h"

#include <fcntl.h>
#include <sys/stat.h>
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

// The shell texts of this project that run elsewhere. One line each: some log-in shells take no
// other arguments.
//
// Runs the agent's program ($2 and on) unless its directory ($1) or itself is another user's:
// /var/tmp is everybody's, and who was there before us could have put another program there.
constexpr std::string_view kRunScript =
    R"sh(b=$1; shift; [ -O "$b" ] && [ ! -L "$b" ] && [ -O "$1" ] || exit 127; exec "$@")sh";

// Arguments: the agent's place, the manager's directory, our architecture, the agent's size. A
// connection that broke ends stdin as the end of the program does; the size tells them apart.
constexpr std::string_view kBringScript =
    R"sh([ "$(uname -m)" = "$3" ] || { uname -m; exit 44; }; )sh"
    R"sh(umask 077; mkdir -p "$2/bin" && [ -O "$2" ] && [ ! -L "$2" ] || )sh"
    R"sh({ echo "$2 is not our own" >&2; exit 1; }; new="$2/bin/coming.$$"; )sh"
    R"sh(cat > "$new" && [ "$(wc -c < "$new")" -eq "$4" ] && chmod 700 "$new" && )sh"
    R"sh(mv -f "$new" "$1" || { rm -f "$new"; echo "it did not come whole" >&2; exit 1; })sh";

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
  const auto value = parse_json(last_lines(done.err, 1));  // shells may have said something before
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

std::vector<std::string> SshAgents::argv_of(const std::string& base,
                                            const std::vector<std::string>& words) const {
  std::vector<std::string> argv{"/bin/sh", "-c", std::string(kRunScript),
                                "agent",   base, binary(base)};
  argv.insert(argv.end(), words.begin(), words.end());
  return argv;
}

Result<> SshAgents::bring(const SshLogin& login, const std::string& base) {
  const UniqueFd program(::open(agent_binary_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!program.valid()) return os_error(errno, fmt::format("cannot open '{}'", agent_binary_));
  struct stat status {};
  if (::fstat(program.get(), &status) != 0) return os_error(errno, "cannot measure the agent");
  RemoteCommand command;
  command.argv = {"/bin/sh", "-c",           std::string(kBringScript),     "bring", binary(base),
                  base,      architecture(), std::to_string(status.st_size)};
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
  command.argv = argv_of(base, words);
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

Result<UniqueFd> SshAgents::open(const Machine& machine, const std::vector<std::string>& words) {
  return remote_.open(*machine.ssh, argv_of(base_of(machine), words));
}

}  // namespace bdaas
