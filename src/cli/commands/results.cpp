// bdaas results …

#include <array>

#include "cli/archive.h"
#include "cli/commands.h"
#include "cli/commands/common.h"
#include "cli/known_members.h"
#include "cli/local_input.h"
#include "cli/progress_line.h"
#include "cli/until_signal.h"

namespace bdaas::cli {

namespace {

constexpr std::array kColumns = {Column{"ID", "id"}, Column{"JOB", "job"}, Column{"FILES", "files"},
                                 Column{"SIZE", "bytes", Show::bytes},
                                 Column{"AGE", "created_at", Show::age}};

constexpr Positional kResult{"RESULT", "id of a result, r-…, or of its job, j-…"};
constexpr Positional kResultIds{"RESULT", "ids of results, r-…", Count::many};
constexpr std::array kOneResult = {kResult};
constexpr std::array kManyResults = {kResultIds};
constexpr Option kOutput{"--output", "FILE",
                         "where to; default: NAME-JOB.tar.gz in the current directory"};
constexpr std::array kGetOptions = {kOutput};

Result<ExitCode> list(Session& session, const Arguments&) {
  return list_rows(session, kResultWords.path, kColumns);
}

Result<ResultId> result_named(const Api& api, const std::string& text) {
  if (!looks_like_id(text, kJobWords.prefix)) {
    BDAAS_TRY(path_of(kResultWords, text));
    return ResultId{text};
  }
  BDAAS_ASSIGN(const auto answer, api.get(fmt::format("{}/{}", kJobWords.path, text)));
  BDAAS_ASSIGN(const auto job, noun_from<Job>(answer));
  if (job.result) return *job.result;
  return fail(ErrorKind::not_found, "job {} has no result; it is {}", text,
              to_text(job.status.state));
}

Result<ExitCode> get(Session& session, const Arguments& arguments) {
  BDAAS_ASSIGN(const auto* api, session.api());
  BDAAS_ASSIGN(const auto id, result_named(*api, arguments.at(kResult)));
  const fs::path output = arguments.text(kOutput).value_or("");
  if (!output.empty()) BDAAS_TRY(check_output(output));
  ProgressLine line(session.err(), id.text);
  BDAAS_ASSIGN(const auto saved, until_signal([&](TaskControl& control) {
                 return fetch_archive(*api, id, output, line.progress(), control);
               }));
  line.clear();
  session.tell(saved.path, json::object{{"file", saved.path}, {"sha256", saved.sha256}});
  return ExitCode::ok;
}

Result<ExitCode> remove(Session& session, const Arguments& arguments) {
  return remove_rows(session, kResultWords, arguments.list(kResultIds));
}

}  // namespace

const Verb kResultsList{{}, {}, list};
const Verb kResultsGet{kOneResult, kGetOptions, get};
const Verb kResultsRemove{kManyResults, {}, remove};

}  // namespace bdaas::cli
