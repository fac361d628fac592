#pragma once
// manifest.json of a result archive: what ran, on what, and what came out.

#include "model/nouns.h"

namespace bdaas {

struct ManifestFile {
  std::string path;  // in the archive, below its top directory
  std::int64_t bytes = 0;
  std::string sha256;

  static constexpr auto fields() {
    return std::tuple{required("path", &ManifestFile::path, "below the top directory"),
                      required("bytes", &ManifestFile::bytes, ""),
                      required("sha256", &ManifestFile::sha256, "")};
  }
};

struct ManifestInput {
  std::string name;
  std::string sha256;
  std::int64_t bytes = 0;
  std::int64_t files = 1;

  static constexpr auto fields() {
    return std::tuple{required("name", &ManifestInput::name, ""),
                      required("sha256", &ManifestInput::sha256, "of the file, or of the tar"),
                      required("bytes", &ManifestInput::bytes, ""),
                      required("files", &ManifestInput::files, "")};
  }
};

struct Manifest {
  JobId job;
  std::string job_name;
  std::string command;  // repeats it
  std::string program;
  std::string program_sha256;
  std::string main_class;
  std::vector<std::string> args;
  std::vector<ManifestInput> data;
  std::int64_t workers = 0;
  std::string engine;
  std::string release;
  std::map<std::string, std::string> versions;  // of the engines
  StepState state = StepState::succeeded;       // of the program's run
  std::optional<std::int64_t> exit_code;
  std::optional<Time> started_at;
  std::optional<Time> ended_at;
  std::vector<ManifestFile> files;
  std::vector<std::string> notes;  // what a reader of the archive should know

  static constexpr auto fields() {
    return std::tuple{required("job", &Manifest::job, ""),
                      optional("job_name", &Manifest::job_name, ""),
                      required("command", &Manifest::command, "repeats the job"),
                      required("program", &Manifest::program, ""),
                      required("program_sha256", &Manifest::program_sha256, ""),
                      optional("main_class", &Manifest::main_class, ""),
                      optional("args", &Manifest::args, ""),
                      optional("data", &Manifest::data, ""),
                      optional("workers", &Manifest::workers, ""),
                      optional("engine", &Manifest::engine, ""),
                      optional("release", &Manifest::release, ""),
                      optional("versions", &Manifest::versions, "of the engines"),
                      required("state", &Manifest::state, "of the program's run"),
                      optional("exit_code", &Manifest::exit_code, ""),
                      optional("started_at", &Manifest::started_at, ""),
                      optional("ended_at", &Manifest::ended_at, ""),
                      required("files", &Manifest::files, "all but this one"),
                      optional("notes", &Manifest::notes, "")};
  }
};

}  // namespace bdaas
