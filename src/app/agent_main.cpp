// bdaas-agent: the program that runs on every node.

#include <fmt/core.h>

#include <cstdio>
#include <string_view>
#include <vector>

#include "agent/exec_mode.h"
#include "agent/host_mode.h"
#include "agent/init_mode.h"
#include "agent/link_mode.h"
#include "agent/receive_mode.h"
#include "agent/run_mode.h"

namespace {

constexpr int kWrongUse = 2;

using Words = std::vector<std::string>;

// Words that are arguments are empty here; `more`: others may follow.
struct Mode {
  std::vector<std::string_view> words;
  bool more = false;
  int (*run)(const Words&);
  std::string_view help;
};

int print_version(const Words&) {
  fmt::print("bdaas-agent {}\n", BDAAS_VERSION);
  return 0;
}

int ask_host(const Words& words) { return bdaas::run_host_mode(words[0]); }

const std::vector<Mode>& modes() {
  static const std::vector<Mode> kModes = {
      {{"run", "--dir", ""},
       false,
       [](const Words& w) { return bdaas::run_agent_mode(w[2], false, BDAAS_VERSION); },
       "run --dir DIR [--detach]       keep the node of DIR/agent.json"},
      {{"run", "--dir", "", "--detach"},
       false,
       [](const Words& w) { return bdaas::run_agent_mode(w[2], true, BDAAS_VERSION); },
       ""},
      {{"exec", "--spec", ""},
       false,
       [](const Words& w) { return bdaas::run_exec_mode(w[2]); },
       "exec --spec FILE               run a step's program, keep its output"},
      {{"init", "", "--", ""},
       true,
       [](const Words& w) {
         return bdaas::run_init_mode(w[1], {w.begin() + 3, w.end()});
       },
       "init MARKER -- PROGRAM…        run an initialization once"},
      {{"link", "--dir", ""},
       false,
       [](const Words& w) { return bdaas::run_link_mode(w[2]); },
       "link --dir DIR                 join stdin and stdout with DIR's agent"},
      {{"receive"},
       false,
       [](const Words&) { return bdaas::run_receive_mode(); },
       "receive                        bring packages here, as a manager at stdin says"},
      {{"host"},
       false,
       ask_host,
       "host | borrow | give-back | packages   what a manager asks a host"},
      {{"borrow"}, false, ask_host, ""},
      {{"give-back"}, false, ask_host, ""},
      {{"packages"}, false, ask_host, ""},
      {{"place"},
       false,
       [](const Words&) { return bdaas::run_place_mode(); },
       "place                          become the agent of the machine that stdin describes"},
      {{"version"}, false, print_version, "version"},
  };
  return kModes;
}

bool fits(const Mode& mode, const Words& words) {
  if (words.size() < mode.words.size()) return false;
  if (words.size() > mode.words.size() && !mode.more) return false;
  for (std::size_t i = 0; i < mode.words.size(); ++i) {
    if (!mode.words[i].empty() && mode.words[i] != words[i]) return false;
  }
  return true;
}

int usage() {
  std::string_view lead = "usage:";
  for (const auto& mode : modes()) {
    if (mode.help.empty()) continue;
    fmt::print(stderr, "{:6} bdaas-agent {}\n", lead, mode.help);
    lead = "";
  }
  return kWrongUse;
}

}  // namespace

int main(int argc, char** argv) {
  const Words words(argv + 1, argv + argc);
  for (const auto& mode : modes()) {
    if (fits(mode, words)) return mode.run(words);
  }
  return usage();
}
