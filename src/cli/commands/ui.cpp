// bdaas ui

#include <array>

#include "base/subprocess.h"
#include "cli/commands.h"
#include "cli/commands/common.h"

namespace bdaas::cli {

namespace {

constexpr Positional kWhat{"WHAT", "id of a cluster, c-…, or history (default)", Count::optional};
constexpr Option kOpen{"--open", "", "open it in a browser"};
constexpr std::array kWhats = {kWhat};
constexpr std::array kOptions = {kOpen};

Result<std::string> page_of(const std::string& what) {
  if (what == "history") return std::string("/v1/pages/history/");
  BDAAS_ASSIGN(const auto path, path_of(kClusterWords, what));
  return path + "/pages/";
}

Result<> open_in_browser(const std::string& url) {
  for (const char* opener : {"xdg-open", "open"}) {
    if (!find_program(opener)) continue;
    const auto opened = run_checked({.argv = {opener, url}, .timeout = std::chrono::seconds(20)});
    return opened ? Result<>{} : Result<>(opened.error());
  }
  return fail(ErrorKind::failed_precondition,
              "there is no xdg-open to open a browser with; open the printed link yourself");
}

Result<ExitCode> ui(Session& session, const Arguments& arguments) {
  BDAAS_ASSIGN(const auto page, page_of(arguments.text(kWhat).value_or("history")));
  BDAAS_ASSIGN(const auto* api, session.api());
  if (page.starts_with(kClusterWords.path)) {
    BDAAS_TRY(api->get(page.substr(0, page.size() - std::string_view("/pages/").size())));
  }
  BDAAS_ASSIGN(const auto link, api->post("/v1/page-links", json::object{{"to", page}}));
  const auto base = api->base_url();
  const auto url = base + text_at(link, "path");
  session.tell(url, json::object{{"link", url}, {"page", base + page}});
  if (arguments.has(kOpen)) BDAAS_TRY(open_in_browser(url));
  return ExitCode::ok;
}

}  // namespace

const Verb kUi{kWhats, kOptions, ui, false,
               "The link lets one browser in, once, within two minutes. After that the pages stand "
               "at the same addresses for it: /v1/pages/history/ and /v1/clusters/CLUSTER/pages/."};

}  // namespace bdaas::cli
