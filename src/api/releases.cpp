// Releases: pinned engine versions on this machine.

#include <algorithm>

#include "api/routes.h"
#include "base/utf8.h"

namespace bdaas::api {

namespace {

// The lines of a fetch as newline-delimited JSON.
class FetchSource final : public BodySource {
 public:
  explicit FetchSource(std::shared_ptr<ReleaseFetch> fetch) : fetch_(std::move(fetch)) {}
  ~FetchSource() override { fetch_->forget(this); }

  void on_wake(std::function<void()> wake) override { fetch_->listen(this, std::move(wake)); }

  BodyPiece pull() override {
    const auto news = fetch_->news_after(heard_);
    BodyPiece piece;
    for (const auto& line : news.lines) add(piece, {.line = repair_utf8(line)});
    heard_ += news.lines.size();
    if (!news.ended) return piece;
    if (news.outcome) {
      add(piece, {.ok = true});
    } else {
      const auto& error = news.outcome.error();
      add(piece, {.error = ErrorDetail{error.kind, repair_utf8(error.message)}});
    }
    piece.end = true;
    return piece;
  }

 private:
  static void add(BodyPiece& piece, const FetchLine& line) {
    piece.bytes += write_json(to_json(line)) + "\n";
  }

  std::shared_ptr<ReleaseFetch> fetch_;
  std::size_t heard_ = 0;
};

Result<ReleaseStatus> status_of_release(const Call& call, const std::string& name) {
  BDAAS_ASSIGN(auto releases, call.api.releases.list());
  const auto found = std::find_if(releases.begin(), releases.end(),
                                  [&](const auto& release) { return release.name == name; });
  if (found == releases.end()) {
    return fail(ErrorKind::not_found, "there is no release '{}'; see /v1/releases",
                name.substr(0, 64));
  }
  return std::move(*found);
}

Result<Items<ReleaseStatus>> list_releases(const Call& call) {
  BDAAS_ASSIGN(auto releases, call.api.releases.list());
  return Items<ReleaseStatus>{std::move(releases)};
}

Result<HttpResponse> fetch_release(const Call& call, FromPath<std::string> name) {
  BDAAS_TRY(status_of_release(call, name.value));
  HttpResponse response{.headers = {{"Content-Type", "application/x-ndjson"}}};
  response.source = std::make_unique<FetchSource>(call.api.fetches.start(name.value));
  return response;
}

Result<ReleaseStatus> verify_release(const Call& call, FromPath<std::string> name) {
  BDAAS_ASSIGN(auto status, status_of_release(call, name.value));
  BDAAS_TRY(call.api.releases.verify(name.value));
  return status;
}

}  // namespace

std::vector<Route> release_routes() {
  using enum ErrorKind;
  std::vector<Route> routes;
  routes.push_back(
      route("GET", "/v1/releases", "list_releases", "List releases", list_releases).slow());
  routes.push_back(
      route("POST", "/v1/releases/{name}/fetch", "fetch_release",
            "Bring a release onto this machine; again is harmless", fetch_release)
          .slow()
          .may_answer({200,
                       "application/x-ndjson",
                       nullptr,
                       R"({"line": …} as it goes on, last {"ok": true} or {"error": …})",
                       {}}));
  routes.push_back(route("POST", "/v1/releases/{name}/verify", "verify_release",
                         "Hash everything of a release again", verify_release)
                       .slow()
                       .may_fail({failed_precondition}));
  return routes;
}

}  // namespace bdaas::api
