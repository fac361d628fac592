// bdaas data …

#include <array>

#include "cli/commands.h"
#include "cli/commands/common.h"
#include "cli/commands/sending.h"
#include "cli/download.h"
#include "cli/known_members.h"
#include "cli/progress_line.h"
#include "cli/until_signal.h"

namespace bdaas::cli {

namespace {

constexpr std::array kColumns = {Column{"ID", "id"},
                                 Column{"NAME", "name"},
                                 Column{"SHAPE", "shape"},
                                 Column{"FILES", "files"},
                                 Column{"SIZE", "bytes", Show::bytes},
                                 Column{"AGE", "created_at", Show::age}};

constexpr Positional kPaths{"PATH", "files or directories", Count::many};
constexpr Positional kData{"DATA", "id of a data set, d-…"};
constexpr Positional kDataSets{"DATA", "ids of data sets, d-…", Count::many};
constexpr std::array kManyPaths = {kPaths};
constexpr std::array kOneDataSet = {kData};
constexpr std::array kManyDataSets = {kDataSets};
constexpr Option kOutput{"--output", "FILE",
                         "where to; default: its name in the current directory"};
constexpr std::array kGetOptions = {kOutput};

// Those that are whole when it is stopped stay, and have been told.
Result<json::array> put_all(Session& session, std::vector<LocalData>& inputs,
                            TaskControl& control) {
  BDAAS_ASSIGN(const auto* api, session.api());
  json::array stored;
  for (auto& input : inputs) {
    if (control.stop) return fail(ErrorKind::cancelled, "'{}' was not sent", input.name);
    BDAAS_ASSIGN(const auto id, send_with_progress(session, input, control));
    if (!session.json()) session.out().write(fmt::format("{}  {}\n", id.text, input.name));
    BDAAS_ASSIGN(auto data, api->get("/v1/data/" + id.text));
    stored.push_back(std::move(data));
  }
  return stored;
}

Result<ExitCode> put(Session& session, const Arguments& arguments) {
  std::vector<LocalData> inputs;
  for (const auto& path : arguments.list(kPaths)) {  // all are checked before one is sent
    BDAAS_ASSIGN(auto input, check_data(path));
    inputs.push_back(std::move(input));
  }
  BDAAS_TRY(session.api());  // the manager, if it is started, comes before signals are held back
  BDAAS_ASSIGN(const auto stored, until_signal([&](TaskControl& control) {
                 return put_all(session, inputs, control);
               }));
  if (session.json()) session.show(stored);
  return ExitCode::ok;
}

Result<ExitCode> get(Session& session, const Arguments& arguments) {
  BDAAS_ASSIGN(const auto path, path_of(kDataWords, arguments.at(kData)));
  BDAAS_ASSIGN(const auto* api, session.api());
  BDAAS_ASSIGN(const auto answer, api->get(path));
  BDAAS_ASSIGN(const auto data, noun_from<DataSet>(answer));
  DownloadSpec spec{path + "/content", data.name, data.sha256, 0};
  if (data.shape == DataShape::tree) spec.target += ".tar";
  if (const auto output = arguments.text(kOutput)) spec.target = *output;
  BDAAS_TRY(check_output(spec.target));
  ProgressLine line(session.err(), data.name);
  BDAAS_TRY(until_signal(
      [&](TaskControl& control) { return download(*api, spec, line.progress(), control); }));
  line.clear();
  session.tell(spec.target.native(), json::object{{"file", spec.target.native()}});
  return ExitCode::ok;
}

Result<ExitCode> list(Session& session, const Arguments&) {
  return list_rows(session, kDataWords.path, kColumns);
}

Result<ExitCode> remove(Session& session, const Arguments& arguments) {
  return remove_rows(session, kDataWords, arguments.list(kDataSets));
}

}  // namespace

const Verb kDataPut{kManyPaths, {}, put};
const Verb kDataGet{kOneDataSet, kGetOptions, get};
const Verb kDataList{{}, {}, list};
const Verb kDataRemove{kManyDataSets, {}, remove};

}  // namespace bdaas::cli
