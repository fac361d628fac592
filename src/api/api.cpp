#include "api/api.h"

#include <algorithm>

#include "api/answers.h"
#include "api/http_text.h"
#include "api/openapi.h"
#include "api/routes.h"
#include "api/tus.h"
#include "base/constant_time.h"

namespace bdaas::api {

namespace {

bool is_placeholder(std::string_view part) { return part.starts_with('{'); }

// "[::1]:80" → "[::1]", "localhost:80" → "localhost".
std::string_view without_port(std::string_view host) {
  const auto colon = host.rfind(':');
  const bool in_brackets = host.find(']') != std::string_view::npos && host.back() == ']';
  return colon == std::string_view::npos || in_brackets ? host : host.substr(0, colon);
}

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  if (!host.starts_with("127.")) return false;
  return std::count(host.begin(), host.end(), '.') == 3 &&
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

// Beyond the path, nothing of a plain route may carry anything: what is not understood is refused.
std::optional<Error> left_over(const Route& route, const HttpRequest& request) {
  if (route.query.empty() && !request.query.empty() && !route.pages) {
    return fail(ErrorKind::invalid_argument, "{} takes no query parameters", route.path);
  }
  if (route.body == BodyRule::none && !request.body.empty() && request.body != "{}") {
    return fail(ErrorKind::invalid_argument, "{} {} takes no body", route.method, route.path);
  }
  return std::nullopt;
}

}  // namespace

Api::Api(ApiContext context, ApiAccess access)
    : Api(std::move(context), std::move(access), all_routes()) {}

Api::Api(ApiContext context, ApiAccess access, std::vector<Route> routes)
    : context_(std::move(context)), access_(std::move(access)) {
  routes.push_back(openapi_route());
  openapi_ = write_json(describe_api(routes, context_.info.version));
  for (auto& route : routes) {
    auto parts = split_path(route.path).value();
    rows_.push_back({std::move(route), std::move(parts)});
  }
}

std::variant<HttpResponse, Admission> Api::admit(const HttpRequest& head) {
  if (auto refusal = refuse_stranger(head)) return std::move(*refusal);
  const auto parts = split_path(head.path);
  if (!parts) return error_response(parts.error());
  auto found = match(head, *parts);
  if (auto refusal = refuse_nameless(head, found)) return std::move(*refusal);
  if (found.row == nullptr && found.allow.empty()) {
    return error_response(fail(ErrorKind::not_found, "there is nothing at {}; see /v1/openapi.json",
                               head.path.substr(0, 200)));
  }
  if (found.row == nullptr) {
    auto response =
        error_response(405, fail(ErrorKind::invalid_argument, "{} is not possible here; {} is",
                                 method_of(head).substr(0, 40), found.allow));
    response.headers.emplace_back("Allow", found.allow);
    return response;
  }
  if (found.row->route.tus) {
    if (auto refusal = refuse_version(head)) return std::move(*refusal);
  }
  if (auto refusal = refuse_body(found.row->route, head)) return std::move(*refusal);
  return admission(*found.row, std::move(found.path_values));
}

HttpResponse Api::refuse(int status, std::string_view sentence) {
  const auto kind = status >= 500 ? ErrorKind::internal : ErrorKind::invalid_argument;
  return error_response(status, Error{kind, std::string(sentence)});
}

void Api::seal(const HttpRequest& request, HttpResponse& response) {
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  const bool has_rule =
      std::any_of(response.headers.begin(), response.headers.end(),
                  [](const auto& header) { return header.first == "Cache-Control"; });
  if (speaks_tus(request)) response.headers.emplace_back("Tus-Resumable", kTusVersion);
  if (!has_rule) response.headers.emplace_back("Cache-Control", "no-store");
  if (response.status >= 500) {
    context_.log.warning("http: {} {} -> {} {}", request.method, request.path, response.status,
                         response.body);
  }
}

Route Api::openapi_route() const {
  Route made{.method = "GET",
             .path = "/v1/openapi.json",
             .name = "get_openapi",
             .summary = "This description",
             .open = true};
  made.answers.push_back({200, "application/json", nullptr, "OpenAPI 3.1", {}});
  made.answer = [this](const Call&) {
    return HttpResponse{.headers = {{"Content-Type", "application/json"}}, .body = openapi_};
  };
  return made;
}

// A page of another site, or a host name that was bent to our address, must not reach the API of
// this machine.
std::optional<HttpResponse> Api::refuse_stranger(const HttpRequest& head) const {
  const auto host = head.header("host").value_or("127.0.0.1");  // HTTP/1.0 may leave it out
  if (!may_call_us(without_port(host))) {
    return error_response(fail(ErrorKind::permission_denied,
                               "this manager is not called '{}'; use 127.0.0.1 or localhost",
                               host.substr(0, 100)));
  }
  const auto origin = head.header("origin");
  const auto site = head.header("sec-fetch-site").value_or("none");
  const bool foreign_origin = origin && *origin != fmt::format("http://{}", host);
  if (foreign_origin || site == "cross-site" || site == "same-site") {
    return error_response(
        fail(ErrorKind::permission_denied, "pages of other sites may not use this manager"));
  }
  return std::nullopt;
}

bool Api::may_call_us(std::string_view host) const {
  return is_loopback(host) ||
         std::find(access_.hosts.begin(), access_.hosts.end(), host) != access_.hosts.end();
}

bool Api::knows_token(const HttpRequest& head) const {
  constexpr std::string_view kScheme = "bearer ";
  const auto value = head.header("authorization").value_or("");
  if (value.size() <= kScheme.size()) return false;
  const bool bearer = std::equal(kScheme.begin(), kScheme.end(), value.begin(),
                                 [](char want, char got) { return want == (got | 0x20); });
  return bearer && equal_in_constant_time(value.substr(kScheme.size()), access_.token.reveal());
}

bool Api::knows_cookie(const HttpRequest& head) const {
  if (context_.door == nullptr) return false;
  for (const auto& [name, value] : head.headers) {
    if (name == "cookie" && context_.door->knows(session_of_cookies(value))) return true;
  }
  return false;
}

// A browser's cookie opens the engines' pages and nothing else: what their scripts, or a program
// that writes into them, can make a browser do is to read pages.
std::optional<HttpResponse> Api::refuse_nameless(const HttpRequest& head,
                                                 const Match& found) const {
  const bool pages = found.row != nullptr && found.row->route.pages;
  if (found.open || knows_token(head) || (pages && knows_cookie(head))) return std::nullopt;
  auto response = error_response(fail(
      ErrorKind::unauthenticated, "the token is missing or wrong; {}",
      pages ? "open the page by the link that `bdaas ui` prints"
            : "send Authorization: Bearer with the content of the file 'token' in the manager's "
              "directory"));
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

Api::Match Api::match(const HttpRequest& head, const std::vector<std::string>& parts) const {
  Match result;
  const auto method = method_of(head);
  const auto fits = [&](const Row& row) {
    // The last part of a page's path stands for all that follows, or for nothing.
    const bool open_end = row.route.pages && parts.size() >= row.parts.size();
    const std::ptrdiff_t kept = open_end ? 1 : 0;
    const auto end = open_end ? parts.begin() + std::ssize(row.parts) : parts.end();
    return std::equal(row.parts.begin(), row.parts.end() - kept, parts.begin(), end - kept,
                      [](const std::string& want, const std::string& got) {
                        return want == got || (is_placeholder(want) && !got.empty());
                      });
  };
  const Row* head_by_get = nullptr;
  for (const auto& row : rows_) {
    if (!fits(row)) continue;
    result.open = row.route.open && (result.open || result.allow.empty());
    if (row.route.method == method) result.row = &row;
    if (row.route.method == "GET" && method == "HEAD") head_by_get = &row;
    if (!result.allow.empty()) result.allow += ", ";
    result.allow += row.route.method;
  }
  if (result.row == nullptr) result.row = head_by_get;
  if (result.row == nullptr) return result;
  for (std::size_t i = 0; i < result.row->parts.size(); ++i) {
    if (is_placeholder(result.row->parts[i])) result.path_values.push_back(parts[i]);
  }
  return result;
}

std::optional<HttpResponse> Api::refuse_body(const Route& route, const HttpRequest& head) const {
  if (route.body == BodyRule::none) return std::nullopt;
  const auto length = head.header("content-length");
  const bool empty = !head.header("transfer-encoding") && (!length || *length == "0");
  if (route.body == BodyRule::optional && empty && !head.header("content-type"))
    return std::nullopt;
  const auto type = media_type(head.header("content-type").value_or(""));
  const auto& known = route.body_media;
  if (std::find(known.begin(), known.end(), type) != known.end()) return std::nullopt;
  return error_response(
      415, fail(ErrorKind::invalid_argument, "Content-Type '{}' is not understood here; send {}",
                type.substr(0, 100), known.front()));
}

Admission Api::admission(const Row& row, std::vector<std::string> path_values) const {
  const Route& route = row.route;
  Admission made{.lane = route.lane, .max_body_bytes = route.max_body_bytes};
  if (route.open_sink) {
    made.open = [this, &route, path_values](const HttpRequest& request) {
      return route.open_sink({context_, access_.user, request, path_values});
    };
  } else {
    made.answer = [this, &route, path_values](const HttpRequest& request) {
      if (const auto error = left_over(route, request)) return error_response(*error);
      return route.answer({context_, access_.user, request, path_values});
    };
  }
  return made;
}

}  // namespace bdaas::api
