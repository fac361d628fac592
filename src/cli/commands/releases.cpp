// bdaas releases …

#include <array>

#include "cli/commands.h"
#include "cli/commands/common.h"
#include "cli/fetch_release.h"
#include "net/url.h"

namespace bdaas::cli {

namespace {

constexpr std::string_view kDefaultRelease = "bdaas-1";

constexpr std::array kColumns = {Column{"NAME", "name"}, Column{"PRESENT", "present", Show::state},
                                 Column{"PACKAGES", "packages", Show::count},
                                 Column{"MISSING", "message"}};

constexpr Positional kName{"RELEASE", "name of a release; default bdaas-1", Count::optional};
constexpr std::array kMaybeName = {kName};

std::string name_of(const Arguments& arguments) {
  return arguments.text(kName).value_or(std::string(kDefaultRelease));
}

Result<ExitCode> list(Session& session, const Arguments&) {
  return list_rows(session, "/v1/releases", kColumns);
}

Result<ExitCode> fetch(Session& session, const Arguments& arguments) {
  const auto name = name_of(arguments);
  BDAAS_ASSIGN(const auto* api, session.api());
  TaskControl control;
  const auto say = [&](std::string_view line) {
    if (session.json()) {
      session.out().write(write_json(json::object{{"line", line}}) + "\n");
    } else {
      session.err().write(without_controls(line) + "\n");
    }
  };
  BDAAS_TRY(fetch_release(*api, name, say, control));
  session.tell(fmt::format("release {} is on this machine", name), json::object{{"ok", true}});
  return ExitCode::ok;
}

Result<ExitCode> verify(Session& session, const Arguments& arguments) {
  const auto name = name_of(arguments);
  BDAAS_ASSIGN(const auto* api, session.api());
  HttpRequest request;
  request.method = "POST";
  request.url = fmt::format("/v1/releases/{}/verify", percent_encode(name));
  request.timeout = std::chrono::minutes(30);  // every file is read again
  BDAAS_ASSIGN(const auto response, api->send(std::move(request)));
  BDAAS_ASSIGN(const auto status, parse_json(response.body));
  session.tell(fmt::format("every file of release {} is as it was fetched", name), status);
  return ExitCode::ok;
}

}  // namespace

const Verb kReleasesList{{}, {}, list};
const Verb kReleasesFetch{kMaybeName, {}, fetch};
const Verb kReleasesVerify{kMaybeName, {}, verify};

}  // namespace bdaas::cli
