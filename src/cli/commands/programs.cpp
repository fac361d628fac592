// bdaas programs …

#include <array>

#include "cli/commands.h"
#include "cli/commands/common.h"
#include "cli/commands/sending.h"
#include "cli/until_signal.h"

namespace bdaas::cli {

namespace {

constexpr std::array kColumns = {Column{"ID", "id"},
                                 Column{"NAME", "name"},
                                 Column{"KIND", "kind"},
                                 Column{"REVISION", "revision"},
                                 Column{"SIZE", "bytes", Show::bytes},
                                 Column{"MAIN CLASSES", "main_classes", Show::count},
                                 Column{"AGE", "created_at", Show::age}};

constexpr Positional kProgram{"PROGRAM", "id of a program, p-…"};
constexpr Positional kPrograms{"PROGRAM", "ids of programs, p-…", Count::many};
constexpr Positional kFile{"FILE", "a .py or .jar"};
constexpr std::array kOneProgram = {kProgram};
constexpr std::array kManyPrograms = {kPrograms};
constexpr std::array kOneFile = {kFile};

Result<ExitCode> list(Session& session, const Arguments&) {
  return list_rows(session, kProgramWords.path, kColumns);
}

Result<ExitCode> describe(Session& session, const Arguments& arguments) {
  return describe_row(session, kProgramWords, arguments.at(kProgram));
}

Result<ExitCode> upload_program(Session& session, const Arguments& arguments) {
  BDAAS_ASSIGN(const auto program, check_program(arguments.at(kFile)));
  BDAAS_ASSIGN(const auto* api, session.api());
  BDAAS_ASSIGN(const auto id, until_signal([&](TaskControl& control) {
                 return send_with_progress(session, program, control);
               }));
  BDAAS_ASSIGN(const auto stored, api->get("/v1/programs/" + id.text));
  session.tell(id.text, stored);
  return ExitCode::ok;
}

Result<ExitCode> remove(Session& session, const Arguments& arguments) {
  return remove_rows(session, kProgramWords, arguments.list(kPrograms));
}

}  // namespace

const Verb kProgramsList{{}, {}, list};
const Verb kProgramsDescribe{kOneProgram, {}, describe};
const Verb kProgramsUpload{kOneFile, {}, upload_program};
const Verb kProgramsDelete{kManyPrograms, {}, remove};

}  // namespace bdaas::cli
