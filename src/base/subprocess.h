#pragma once
// Processes as argv vectors; no shell. Blocking; any thread.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace bdaas {

struct Command {
  std::vector<std::string> argv;                          // argv[0] is looked up on PATH when it has no '/'
  std::map<std::string, std::string> env;                 // added to the inherited environment
  std::string working_dir;                                // empty: inherited
  Millis timeout = std::chrono::minutes(10);              // then SIGTERM, 2 s later SIGKILL, to the process group
  std::size_t keep_bytes = 64 * 1024;                     // of each stream, its tail
  std::function<void(std::string_view line)> on_line;     // each line of stdout and stderr, as it comes
};

struct Completed {
  int exit_code = 0;       // 128 + signal when killed by one
  std::string out;         // tail of stdout
  std::string err;         // tail of stderr
};

// Error when it cannot be started or runs out of time. An exit code ≠ 0 is not an error here.
Result<Completed> run(const Command& command);

// As run(), but an exit code ≠ 0 is an error that has the command, the code and the last lines.
Result<Completed> run_checked(const Command& command);

// Absolute path of a program on PATH, or nothing.
std::optional<std::string> find_program(std::string_view name);

// The last `lines` lines of a text.
std::string last_lines(std::string_view text, int lines);

}  // namespace bdaas
