// bdaas-agent: the program that runs on every node.

#include <fmt/core.h>

#include <cstdio>
#include <string_view>
#include <vector>

#include "agent/exec_mode.h"
#include "agent/init_mode.h"
#include "agent/run_mode.h"

namespace {

constexpr int kWrongUse = 2;

int usage() {
  fmt::print(
      stderr,
      "usage: bdaas-agent run --dir DIR [--detach]     keep the node of DIR/agent.json\n"
      "       bdaas-agent exec --spec FILE             run a step's program, keep its output\n"
      "       bdaas-agent init MARKER -- PROGRAM…      run an initialization once\n"
      "       bdaas-agent version\n");
  return kWrongUse;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const std::size_t count = words.size();
  if (count == 1 && words[0] == "version") {
    fmt::print("bdaas-agent {}\n", BDAAS_VERSION);
    return 0;
  }
  if ((count == 3 || (count == 4 && words[3] == "--detach")) && words[0] == "run" &&
      words[1] == "--dir") {
    return bdaas::run_agent_mode(words[2], count == 4, BDAAS_VERSION);
  }
  if (count == 3 && words[0] == "exec" && words[1] == "--spec") {
    return bdaas::run_exec_mode(words[2]);
  }
  if (count >= 4 && words[0] == "init" && words[2] == "--") {
    return bdaas::run_init_mode(words[1], {words.begin() + 3, words.end()});
  }
  return usage();
}
