#pragma once
// What `bdaas-agent exec --spec FILE` runs: the driver of a program inside a container that an
// engine started (YARN). It takes the container's place: writes the files, runs argv in the current
// directory as its child, hands signals on, keeps the output below the node's directory, where the
// node's agent finds and reports it (StepProcess, OutputChunk), and leaves with the child's exit
// code (128 + signal).
//
// The node's directory comes by the environment variable BDAAS_DIR, which every daemon has from the
// agent and hands on to its containers.

#include "model/node_plan.h"

namespace bdaas {

inline constexpr std::string_view kNodeDirVariable = "BDAAS_DIR";

struct ExecSpec {
  StepId step;
  // In argv and in the values of env, "{cwd}" stands for the current directory and "{dir}" for the
  // node's: an engine that plans the run cannot know where the container will be.
  std::vector<std::string> argv;           // argv[0] absolute
  std::map<std::string, std::string> env;  // over the inherited environment
  std::vector<FileSpec> files;             // paths relative to the current directory
  std::string output_dir;                  // relative to the node's directory: steps/<step>
  std::int64_t stdout_limit_bytes = 64
                                    << 20;  // then a line that says so, and the rest is thrown away
  std::int64_t stderr_limit_bytes = 64 << 20;
  // Names in the current directory that are not the program's: when it has ended, everything else
  // is what it left and goes into the `work` stream. Names that begin with a dot are always
  // ignored; "*" at the end matches a prefix.
  std::vector<std::string> ignore;

  static constexpr auto fields() {
    return std::tuple{
        required("step", &ExecSpec::step, ""),
        required("argv", &ExecSpec::argv, "argv[0] absolute; {cwd}, {dir} stand for directories"),
        optional("env", &ExecSpec::env, "over the inherited environment"),
        optional("files", &ExecSpec::files, "relative to the current directory"),
        required("output_dir", &ExecSpec::output_dir, "relative to the node's directory"),
        optional("stdout_limit_bytes", &ExecSpec::stdout_limit_bytes, "default 64 MiB"),
        optional("stderr_limit_bytes", &ExecSpec::stderr_limit_bytes, "default 64 MiB"),
        optional("ignore", &ExecSpec::ignore, "not the program's; a '*' at the end: any rest")};
  }
};

}  // namespace bdaas
