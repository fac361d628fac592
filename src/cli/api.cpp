#include "cli/api.h"

#include "base/os_error.h"
#include "base/utf8.h"

namespace bdaas::cli {

namespace {

ErrorKind kind_of_status(int status) {
  switch (status) {
    case 400:
      return ErrorKind::invalid_argument;
    case 401:
      return ErrorKind::unauthenticated;
    case 403:
      return ErrorKind::permission_denied;
    case 404:
      return ErrorKind::not_found;
    case 409:
      return ErrorKind::conflict;
    case 412:
      return ErrorKind::failed_precondition;
    case 413:
    case 507:
      return ErrorKind::resource_exhausted;
    case 429:
      return ErrorKind::throttled;
    case 502:
      return ErrorKind::unknown_outcome;
    case 503:
      return ErrorKind::unavailable;
    case 504:
      return ErrorKind::deadline_exceeded;
    default:
      return ErrorKind::internal;
  }
}

std::string with_parameter(std::string_view path, std::string_view parameter) {
  return fmt::format("{}{}{}", path, path.find('?') == std::string_view::npos ? '?' : '&',
                     parameter);
}

// A shell hands over any bytes, and JSON holds UTF-8 only.
Result<> check_utf8(const json::value& value, const std::string& path) {
  if (value.is_string() && !is_utf8(std::string_view(value.get_string()))) {
    return fail(ErrorKind::invalid_argument, "{}: '{}' is not UTF-8; write it in UTF-8", path,
                printable(std::string_view(value.get_string())));
  }
  if (value.is_array()) {
    for (const auto& item : value.get_array()) BDAAS_TRY(check_utf8(item, path));
  }
  if (value.is_object()) {
    for (const auto& [key, item] : value.get_object()) {
      BDAAS_TRY(check_utf8(json::value(json::string(key)), path));
      BDAAS_TRY(check_utf8(item, json_detail::below(path, std::string(key))));
    }
  }
  return {};
}

}  // namespace

Error error_of(const HttpResponse& response) {
  Error error{kind_of_status(response.status),
              fmt::format("the manager answered {}: {}", response.status,
                          response.body.empty() ? "no text" : printable(response.body))};
  const auto body = parse_json(response.body);
  if (!body || !body->is_object()) return error;
  const auto* inner = body->get_object().if_contains("error");
  if (inner == nullptr || !inner->is_object()) return error;
  const auto* message = inner->get_object().if_contains("message");
  if (message != nullptr && message->is_string()) error.message = message->get_string().c_str();
  const auto* kind = inner->get_object().if_contains("kind");
  if (kind != nullptr && kind->is_string()) {
    error.kind = from_text<ErrorKind>(std::string_view(kind->get_string())).value_or(error.kind);
  }
  return error;
}

void Api::move_to(Endpoint endpoint) {
  const std::lock_guard lock(mutex_);
  endpoint_ = std::move(endpoint);
}

bool Api::find_again(const std::atomic<bool>& stop) {
  if (!find_manager_) return false;
  auto found = find_manager_(stop);
  if (!found) return false;
  const bool elsewhere = found->base_url != base_url();
  move_to(*std::move(found));
  return elsewhere;
}

std::string Api::base_url() const {
  const std::lock_guard lock(mutex_);
  return endpoint_.base_url;
}

Result<HttpResponse> Api::send(HttpRequest request) const {
  {
    const std::lock_guard lock(mutex_);
    request.url = endpoint_.base_url + request.url;
    request.headers.push_back({"Authorization", "Bearer " + endpoint_.token.reveal()});
  }
  BDAAS_ASSIGN(auto response, client_.send(request));
  if (!response.ok()) return error_of(response);
  return response;
}

Result<json::value> Api::call(std::string_view method, std::string_view path,
                              const json::value& body, Cancel cancel, Millis timeout) const {
  HttpRequest request;
  request.cancel = cancel;
  request.timeout = timeout;
  request.method = method;
  request.url = path;
  request.response_bytes_max = 256u << 20;  // a page of 1000 rows with their last lines
  if (!body.is_null()) {
    BDAAS_TRY(check_utf8(body, ""));
    request.body = write_json(body);
    request.headers.push_back({"Content-Type", "application/json"});
  }
  BDAAS_ASSIGN(const auto response, send(std::move(request)));
  if (response.body.empty()) return json::value(nullptr);
  return parse_json(response.body).context("the manager's answer");
}

Result<> Api::remove(std::string_view path) const {
  BDAAS_ASSIGN(const auto answer, call("DELETE", path, nullptr, nullptr, kAnswerTimeout));
  (void)answer;  // nothing is promised in it
  return {};
}

Result<json::array> Api::list(std::string_view path, Cancel cancel) const {
  json::array items;
  std::string page(path);
  for (;;) {
    BDAAS_ASSIGN(const auto answer, get(page, cancel));
    const auto* found = answer.is_object() ? answer.get_object().if_contains("items") : nullptr;
    if (found == nullptr || !found->is_array()) {
      return fail(ErrorKind::internal, "the manager's answer to {} is no list", path);
    }
    for (const auto& item : found->get_array()) items.push_back(item);
    const auto* next = answer.get_object().if_contains("next");
    if (next == nullptr || !next->is_string() || next->get_string().empty()) return items;
    page = with_parameter(path, fmt::format("after={}", next->get_string().c_str()));
  }
}

}  // namespace bdaas::cli
