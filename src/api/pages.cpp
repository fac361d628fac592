// The web pages of the engines, through the manager: read only, and only servers that a cluster's
// plan names. Not for programs, which have the rest of the API.

#include <algorithm>

#include "api/page_html.h"
#include "api/routes.h"

namespace bdaas::api {

namespace {

constexpr const char* kPassedOn[] = {"accept", "accept-language", "if-none-match",
                                     "if-modified-since"};

class PageSource final : public BodySource {
 public:
  explicit PageSource(std::unique_ptr<PageBody> body) : body_(std::move(body)) {}
  void on_wake(std::function<void()> wake) override { body_->on_wake(std::move(wake)); }
  BodyPiece pull() override {
    auto piece = body_->pull();
    return {.bytes = std::move(piece.bytes), .end = piece.end, .broken = piece.broken};
  }

 private:
  std::unique_ptr<PageBody> body_;
};

HttpResponse html_response(std::string html) {
  return {.headers = {{"Content-Type", "text/html; charset=utf-8"}}, .body = std::move(html)};
}

HttpResponse redirect(int status, std::string to) {
  return {.status = status, .headers = {{"Location", std::move(to)}}};
}

HttpResponse response_of(PageAnswer answer) {
  HttpResponse response{.status = answer.status,
                        .headers = std::move(answer.headers),
                        .body = std::move(answer.body)};
  // The pages' scripts stand at our own address: no other site may frame them or learn of them.
  response.headers.emplace_back("X-Frame-Options", "SAMEORIGIN");
  response.headers.emplace_back("Referrer-Policy", "same-origin");
  response.length = answer.length;
  if (answer.stream) response.source = std::make_unique<PageSource>(std::move(answer.stream));
  return response;
}

PageRequest page_request(const HttpRequest& request, std::string target) {
  PageRequest page{.head = request.method == "HEAD", .target = std::move(target), .headers = {}};
  if (!request.query.empty()) page.target += "?" + request.query;
  for (const char* name : kPassedOn) {
    if (const auto value = request.header(name)) page.headers.emplace_back(name, *value);
  }
  return page;
}

Result<Pages*> pages_of(const Call& call) {
  if (call.api.pages != nullptr) return call.api.pages;
  return fail(ErrorKind::failed_precondition, "this manager shows no pages of engines");
}

std::string place_of(const ClusterId& cluster) {
  return fmt::format("/v1/clusters/{}/pages", cluster.text);
}

// "/jobs/" of "/v1/pages/jobs/", as it was sent.
Result<std::string> path_below(const HttpRequest& request, const std::string& place) {
  if (request.path.starts_with(place + "/")) return request.path.substr(place.size());
  return fail(ErrorKind::not_found, "pages stand below {}/, written without escapes", place);
}

// ---- letting browsers in ----

bool leads_to_pages(std::string_view path) {
  const bool plain = std::all_of(path.begin(), path.end(),
                                 [](char c) { return c > ' ' && c < '\x7f' && c != '\\'; });
  return plain && (path.starts_with(std::string(kHistoryPlace) + "/") ||
                   (path.starts_with("/v1/clusters/") && path.find("/pages") != path.npos));
}

Result<Created<PageLink>> create_page_link(const Call& call, FromBody<PageLinkRequest> wish) {
  if (call.api.door == nullptr) {
    return fail(ErrorKind::failed_precondition, "this manager lets no browser in");
  }
  if (!leads_to_pages(wish.value.to)) {
    return fail(ErrorKind::invalid_argument,
                "to: '{}' is no page; pages stand below /v1/pages/ and /v1/clusters/{{id}}/pages/",
                wish.value.to.substr(0, 100));
  }
  const auto link = call.api.door->make_link(std::move(wish.value.to));
  const std::string path = "/v1/page-links/" + link.text;
  return Created<PageLink>{{path, link.expires_at}, path};
}

Result<HttpResponse> visit_page_link(const Call& call, FromPath<std::string> link) {
  auto session =
      call.api.door == nullptr ? std::nullopt : call.api.door->visit(std::string_view(link.value));
  if (!session) {
    return fail(ErrorKind::not_found,
                "this link was used already, or is too old; `bdaas ui` prints a new one");
  }
  auto response = redirect(303, session->to);
  response.headers.emplace_back(
      "Set-Cookie",
      fmt::format("{}={}; Path=/v1/; HttpOnly; SameSite=Strict", kPageCookie, session->text));
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  return response;
}

// ---- pages of a cluster ----

// Those of a living cluster, then snapshots of others.
std::vector<PageView> views_of(const Call& call, Pages& pages, const Cluster& cluster) {
  std::vector<PageView> views;
  const std::string place = place_of(cluster.id) + "/";
  if (!is_terminal(cluster.status.state)) {
    const auto facts = call.api.cluster_facts(cluster);
    if (facts) {
      for (const auto& server : pages.servers(*facts)) {
        views.push_back({.name = server.name,
                         .title = server.title,
                         .path = place + server.name + "/",
                         .live = true,
                         .host = server.host,
                         .port = server.port,
                         .start = server.start,
                         .snapshot_at = {}});
      }
    }
  }
  for (const auto& snapshot : pages.snapshots(cluster.id)) {
    auto known = std::find_if(views.begin(), views.end(),
                              [&](const PageView& view) { return view.name == snapshot.page; });
    if (known == views.end()) {
      const std::string path = place + snapshot.page + "/";
      known = views.insert(views.end(), {.name = snapshot.page,
                                         .title = snapshot.title,
                                         .path = path,
                                         .host = {},
                                         .start = {},
                                         .snapshot_at = {}});
    }
    known->snapshot_at = snapshot.taken_at;
  }
  return views;
}

Result<Items<PageView>> list_pages(const Call& call, FromPath<ClusterId> id) {
  BDAAS_ASSIGN(const auto cluster, own_row<Cluster>(call, id.value));
  BDAAS_ASSIGN(auto* pages, pages_of(call));
  return Items<PageView>{views_of(call, *pages, cluster)};
}

// The page, or where nobody answers for it any more, the last look at it.
Result<HttpResponse> page_or_snapshot(const Call& call, Pages& pages, const Cluster& cluster,
                                      const std::string& page, const std::string& target) {
  const bool over = is_terminal(cluster.status.state);
  Result<PageAnswer> answer =
      fail(ErrorKind::not_found, "cluster {} has ended and '{}' was not kept", cluster.id.text,
           page.substr(0, 64));
  if (!over) {
    BDAAS_ASSIGN(const auto facts, call.api.cluster_facts(cluster));
    answer = pages.get(facts, place_of(cluster.id), page, page_request(call.request, target));
    if (answer) return response_of(*std::move(answer));
  }
  const auto snapshot = pages.snapshot(cluster.id, page);
  if (!snapshot) return std::move(answer).error();
  return html_response(snapshot_html(
      cluster.id, *snapshot,
      over ? "the cluster has ended" : "the page does not answer now: " + answer.error().message));
}

// /v1/clusters/{id}/pages/{page}/…
Result<HttpResponse> get_page(const Call& call, FromPath<ClusterId> id) {
  BDAAS_ASSIGN(const auto cluster, own_row<Cluster>(call, id.value));
  BDAAS_ASSIGN(auto* pages, pages_of(call));
  BDAAS_ASSIGN(auto rest, path_below(call.request, place_of(id.value)));
  rest.erase(0, 1);
  const auto slash = std::min(rest.find('/'), rest.size());
  BDAAS_ASSIGN(const auto page, percent_decode(rest.substr(0, slash)));
  if (page.empty()) {
    return html_response(pages_html(cluster.id, views_of(call, *pages, cluster)));
  }
  if (slash == rest.size()) return redirect(302, call.request.path + "/");
  return page_or_snapshot(call, *pages, cluster, page, rest.substr(slash));
}

// /v1/pages/…
Result<HttpResponse> get_history_page(const Call& call) {
  BDAAS_ASSIGN(auto* pages, pages_of(call));
  BDAAS_ASSIGN(const auto target, path_below(call.request, kHistoryPlace));
  if (target == "/") return redirect(302, std::string(kHistoryPlace) + "/history/");
  BDAAS_ASSIGN(auto answer, pages->history(page_request(call.request, target)));
  return response_of(std::move(answer));
}

}  // namespace

std::vector<Route> page_routes() {
  using enum ErrorKind;
  std::vector<Route> routes;
  routes.push_back(route("POST", "/v1/page-links", "create_page_link",
                         "A link that lets a browser look at pages", create_page_link)
                       .may_fail({failed_precondition}));
  routes.push_back(route("GET", "/v1/page-links/{link}", "visit_page_link",
                         "Follow such a link: a cookie, and on to the page", visit_page_link)
                       .without_token()
                       .may_answer({303, "", nullptr, "let in", {"Location", "Set-Cookie"}}));
  routes.push_back(route("GET", "/v1/clusters/{id}/pages", "list_pages",
                         "The web pages of a cluster, living or as last seen", list_pages)
                       .may_fail({failed_precondition}));
  routes.push_back(route("GET", "/v1/clusters/{id}/pages/{rest}", "get_page",
                         "A page of a cluster's engines", get_page)
                       .of_pages());
  routes.push_back(route("GET", "/v1/pages/{rest}", "get_history_page",
                         "A page of the Spark History Server", get_history_page)
                       .of_pages());
  return routes;
}

}  // namespace bdaas::api
