#include "cli/fetch_release.h"

#include <optional>

#include "cli/known_members.h"
#include "model/releases.h"
#include "net/url.h"

namespace bdaas::cli {

namespace {

struct FetchError {
  ErrorKind kind = ErrorKind::internal;
  std::string message;

  static constexpr auto fields() {
    return std::tuple{optional("kind", &FetchError::kind, ""),
                      optional("message", &FetchError::message, "")};
  }
};

// A line of the answer: something for people, or the end.
struct FetchLine {
  std::optional<std::string> line;
  std::optional<bool> ok;
  std::optional<FetchError> error;

  static constexpr auto fields() {
    return std::tuple{optional("line", &FetchLine::line, ""), optional("ok", &FetchLine::ok, ""),
                      optional("error", &FetchLine::error, "")};
  }
};

}  // namespace

Result<> fetch_release(const Api& api, std::string_view name,
                       const std::function<void(std::string_view line)>& on_line,
                       TaskControl& control) {
  std::string pending;
  std::optional<Result<>> end;
  HttpRequest request;
  request.method = "POST";
  request.url = fmt::format("/v1/releases/{}/fetch", percent_encode(name));
  request.timeout = kStreamTimeout;
  request.cancel = &control.stop;
  request.sink = [&](std::string_view bytes) -> Result<> {
    pending += bytes;
    for (auto at = pending.find('\n'); at != std::string::npos; at = pending.find('\n')) {
      BDAAS_ASSIGN(const auto value, parse_json(std::string_view(pending).substr(0, at)));
      pending.erase(0, at + 1);
      BDAAS_ASSIGN(const auto line, noun_from<FetchLine>(value));
      if (line.line) on_line(*line.line);
      if (line.ok) end = Result<>{};
      if (line.error) end = Result<>(Error{line.error->kind, line.error->message});
    }
    return {};
  };
  BDAAS_TRY(api.send(std::move(request)));
  if (end) return *std::move(end);
  return fail(ErrorKind::unavailable, "the manager stopped fetching release {} half-way", name);
}

Result<bool> release_is_present(const Api& api, std::string_view name,
                                const std::atomic<bool>* stop) {
  BDAAS_ASSIGN(const auto items, api.list("/v1/releases", stop));
  BDAAS_ASSIGN(const auto releases, nouns_from<ReleaseStatus>(items));
  for (const auto& release : releases) {
    if (release.name == name) return release.present;
  }
  return fail(ErrorKind::invalid_argument, "there is no release '{}'; see `bdaas releases list`",
              name);
}

}  // namespace bdaas::cli
