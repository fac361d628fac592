#pragma once
// What most verbs of a noun do: list rows, show one, remove some.

#include "cli/command.h"
#include "cli/session.h"

namespace bdaas::cli {

// How a noun is spoken of, and where it lives in the API.
struct NounWords {
  std::string_view noun;    // "job"
  std::string_view prefix;  // of its ids, "j"
  std::string_view path;    // "/v1/jobs"
};

inline constexpr NounWords kJobWords{"job", "j", "/v1/jobs"};
inline constexpr NounWords kProgramWords{"program", "p", "/v1/programs"};
inline constexpr NounWords kDataWords{"data set", "d", "/v1/data"};
inline constexpr NounWords kClusterWords{"cluster", "c", "/v1/clusters"};
inline constexpr NounWords kStepWords{"step", "s", "/v1/steps"};
inline constexpr NounWords kResultWords{"result", "r", "/v1/results"};

// "/v1/jobs/j-…". What cannot be an id is refused before the manager is asked.
Result<std::string> path_of(const NounWords& words, std::string_view id);

Result<ExitCode> list_rows(Session& session, std::string_view path,
                           std::span<const Column> columns);
Result<ExitCode> describe_row(Session& session, const NounWords& words, std::string_view id);
// All ids are checked before the first is removed.
Result<ExitCode> remove_rows(Session& session, const NounWords& words,
                             const std::vector<std::string>& ids);

// POST <path>/<wish>, and what became of it: "job j-… is Finishing".
Result<ExitCode> wish(Session& session, const NounWords& words, std::string_view id,
                      std::string_view wish, const json::value& body = nullptr);

}  // namespace bdaas::cli
