#include "agent/init_mode.h"

#include <sys/stat.h>

#include <cstdio>

#include "agent/process.h"
#include "agent/wait_set.h"
#include "base/files.h"
#include "base/subprocess.h"

extern char** environ;

namespace bdaas {

namespace {

constexpr int kCannotRun = 126;

bool is_there(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

int complain(std::string_view what) {
  fmt::print(stderr, "bdaas-agent init: {}\n", what);
  return kCannotRun;
}

}  // namespace

bool is_initialized(const std::string& node_dir, const InitOnce& init) {
  return is_there(node_dir + "/" + init.marker);
}

std::vector<std::string> init_command(const std::string& agent_binary, const std::string& node_dir,
                                      const InitOnce& init) {
  std::vector<std::string> argv{agent_binary, "init", node_dir + "/" + init.marker, "--"};
  argv.insert(argv.end(), init.argv.begin(), init.argv.end());
  return argv;
}

int run_init_mode(const std::string& marker, const std::vector<std::string>& argv) {
  if (is_there(marker)) return 0;
  const auto started = marker + ".started";
  if (is_there(started)) {
    complain(
        "this was begun before and its outcome is unknown; it is run again, with nothing removed");
  }
  if (const auto noted = write_file(started, "", 0644, true); !noted) {
    return complain(noted.error().message);
  }
  SpawnSpec spec;
  spec.argv = argv;
  spec.own_session = false;  // stopped together with this process
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals == text.npos) continue;
    spec.env.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  auto held = HeldProcess::fork(spec);
  if (!held) return complain(held.error().message);
  auto process = std::move(*held).release();
  if (!process) return complain(process.error().message);
  auto exit = process->ended();
  for (; !exit; exit = process->ended()) {
    WaitSet wait;
    wait.on_readable(process->fd());
    wait.wait();
  }
  if (exit->code != 0) return exit->code.value_or(kCannotRun);
  if (const auto noted = write_file(marker, "", 0644, true); !noted) {
    return complain(noted.error().message);
  }
  return 0;
}

}  // namespace bdaas
