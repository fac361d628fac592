#pragma once
// Processes as argv vectors; no shell. Blocking; any thread.

#include <sys/types.h>

#include <atomic>
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
  std::vector<std::string> argv;           // argv[0] is looked up on PATH when it has no '/'
  std::map<std::string, std::string> env;  // added to the inherited environment
  std::string working_dir;                 // empty: inherited
  // Then SIGTERM, 2 s later SIGKILL, to the process group. What the program left behind when it
  // ended in time is not touched.
  Millis timeout = std::chrono::minutes(10);
  // Becomes true: as at the time-out, within a fifth of a second; then the error is cancelled.
  const std::atomic<bool>* cancel = nullptr;
  std::size_t keep_bytes = 64 * 1024;  // of each stream, its tail
  // Each line of stdout and stderr as it comes, without its end; a line over 64 KiB comes in
  // pieces. None after the time-out or the cancellation.
  std::function<void(std::string_view line)> on_line;
  // Once, before the first line, while the id cannot be another process's yet.
  std::function<void(pid_t pid)> on_start;
};

struct Completed {
  int exit_code = 0;  // 128 + signal when killed by one
  std::string out;    // tail of stdout
  std::string err;    // tail of stderr
};

// stdin is /dev/null; the child gets no other descriptor than its three.
// Errors: not_found (no such program or working_dir), deadline_exceeded, cancelled, else why it
// could not be started. An exit code ≠ 0 is not an error here.
Result<Completed> run(const Command& command);

// As run(), but an exit code ≠ 0 is failed_precondition with the command, the code and the last
// lines.
Result<Completed> run_checked(const Command& command);

// Absolute path of a program on PATH, or nothing.
std::optional<std::string> find_program(std::string_view name);

// The last `lines` lines of a text.
std::string last_lines(std::string_view text, int lines);

}  // namespace bdaas
