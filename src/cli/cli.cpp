#include "cli/cli.h"

#include <unistd.h>

#include <csignal>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/session.h"

extern char** environ;

namespace bdaas::cli {

namespace {

// The next step for a person, where there is one.
std::string_view hint_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::unauthenticated:
      return "hint: BDAAS_HOME may name another manager's directory than the one that answers\n";
    case ErrorKind::unknown_outcome:
      return "hint: it may have been done all the same; `bdaas jobs list` and `bdaas events` show "
             "it\n";
    case ErrorKind::unavailable:
      return "hint: `bdaas doctor` says what this machine lacks; manager.log is in the state "
             "directory\n";
    case ErrorKind::not_found:
      return "hint: `bdaas jobs list`, `bdaas clusters list` … show what there is\n";
    default:
      return {};
  }
}

int run_words(std::vector<std::string> command, const CliEnvironment& environment) {
  Output err(environment.err_fd, environment.env);
  const auto report = [&err](const Error& error) {
    err.write(fmt::format("bdaas: {}\n{}", error.message, hint_of(error.kind)));
    return static_cast<int>(exit_code_of(error.kind));
  };
  std::vector<std::string> words;
  if (command.size() > 1) words.assign(command.begin() + 1, command.end());
  const auto line = parse_command_line(all_commands(), std::move(words));
  if (!line) return report(line.error());
  if (line->command == nullptr) {
    Output(environment.out_fd, environment.env).write(line->text);
    return static_cast<int>(ExitCode::ok);
  }
  Session session(environment, std::move(command), line->arguments.has(kJson));
  const auto code = line->command->how.run(session, line->arguments);
  return code ? static_cast<int>(*code) : report(code.error());
}

}  // namespace

}  // namespace bdaas::cli

namespace bdaas {

CliEnvironment cli_environment(std::string version, std::function<int(const ServeOptions&)> serve) {
  CliEnvironment environment;
  environment.version = std::move(version);
  environment.serve = std::move(serve);
  std::error_code error;
  environment.executable = fs::read_symlink("/proc/self/exe", error).native();
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.env.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

int cli_main(int argc, const char* const* argv, const CliEnvironment& environment) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that is gone is an answer of write(2)
  return cli::run_words(std::vector<std::string>(argv, argv + argc), environment);
}

}  // namespace bdaas
