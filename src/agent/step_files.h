#pragma once
// What `bdaas-agent exec` writes into <node dir>/steps/<step>/ and the agent reads there:
//
//   spec.json            of a RunStep: what the agent had it run
//   started              StepStarted, when the program begins
//   stdout stderr        its output; they only grow (a second attempt goes on behind the first)
//   work/ work.tar       what it left in its working directory, when it has ended
//   exit                 StepExit, written last: everything above is complete
//   exec.log             what exec itself has to say

#include "agent/process.h"
#include "base/json.h"
#include "model/ids.h"

namespace bdaas {

struct StepStarted {
  std::int64_t attempt = 1;  // YARN may start a driver again
  ProcessId process;         // of exec
  std::int64_t pid = 0;      // of the program

  static constexpr auto fields() {
    return std::tuple{required("attempt", &StepStarted::attempt, ""),
                      required("process", &StepStarted::process, "of exec"),
                      optional("pid", &StepStarted::pid, "of the program")};
  }
};

struct StepExit {
  std::int64_t attempt = 1;
  std::int64_t exit_code = 0;

  static constexpr auto fields() {
    return std::tuple{required("attempt", &StepExit::attempt, ""),
                      required("exit_code", &StepExit::exit_code, "128 + signal")};
  }
};

// Every process of a step carries it in its environment.
inline constexpr std::string_view kStepVariable = "BDAAS_STEP";

}  // namespace bdaas
