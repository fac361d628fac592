#pragma once
// The command line: `bdaas <noun> <verb> …`, a client of the manager's public HTTP API and of
// nothing else.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"

namespace bdaas {

// What `bdaas serve` was asked for. The CLI only parses it; the composition root carries it out.
struct ServeOptions {
  std::string address = "127.0.0.1";
  std::int64_t port = 0;   // 0: a free one
  Millis idle_exit_ms{0};  // end after so long without a job, a cluster or a request; 0: never
  bool detach = false;     // go on in the background, in a session of its own
};

struct CliEnvironment {
  std::string version;                     // of this program
  std::string executable;                  // its absolute path; `serve` is started from it
  std::map<std::string, std::string> env;  // of the process
  int out_fd = 1;                          // what was asked for: tables, JSON, the program's output
  int err_fd = 2;                          // everything else
  std::function<int(const ServeOptions&)> serve;
};

// The process as it is: environment, /proc/self/exe, stdout and stderr.
CliEnvironment cli_environment(std::string version, std::function<int(const ServeOptions&)> serve);

// Returns the exit code (cli/exit_code.h). Called once, on the main thread, before other threads
// exist: `run` takes SIGINT, SIGTERM and SIGWINCH out of their ordinary delivery.
int cli_main(int argc, const char* const* argv, const CliEnvironment& environment);

}  // namespace bdaas
