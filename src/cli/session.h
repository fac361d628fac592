#pragma once
// What every verb gets: the two streams, how to answer, and the manager, found or started when it
// is first needed. One thread at a time, but for Api, which is thread-safe.

#include <memory>

#include "base/state_dir.h"
#include "cli/api.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/table.h"

namespace bdaas::cli {

class Session {
 public:
  // command: the words of this process, its name first.
  Session(const CliEnvironment& environment, std::vector<std::string> command, bool json)
      : environment_(environment),
        command_(std::move(command)),
        json_(json),
        out_(environment.out_fd, environment.env),
        err_(environment.err_fd, environment.env) {}

  const CliEnvironment& environment() const { return environment_; }
  const std::vector<std::string>& command() const { return command_; }
  bool json() const { return json_; }
  Output& out() { return out_; }
  Output& err() { return err_; }
  Look look() const;

  Result<StateDir> state_dir() const;
  Result<const Api*> api();

  // An answer: as it is with --json, else as a table or as "name: value" lines.
  void show_rows(const json::array& rows, std::span<const Column> columns);
  void show(const json::value& value);
  // A sentence for people; --json gets the value instead.
  void tell(std::string_view sentence, const json::value& value);

 private:
  const CliEnvironment& environment_;
  std::vector<std::string> command_;
  bool json_;
  Output out_;
  Output err_;
  std::unique_ptr<Api> api_;
};

}  // namespace bdaas::cli
