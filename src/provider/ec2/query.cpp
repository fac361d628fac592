#include "provider/ec2/query.h"

#include "net/url.h"

namespace bdaas::ec2 {

namespace {

constexpr std::string_view kVersion = "2016-11-15";

std::string aws_endpoint(const std::string& region) {
  const auto* domain = region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return fmt::format("https://ec2.{}.{}/", region, domain);
}

// A blank is a plus sign in a form; a percent sign of ours is never followed by 20 otherwise.
std::string body_of(const Form& form) {
  std::string body = query_string(form) + fmt::format("&Version={}", kVersion);
  for (std::size_t at = 0; (at = body.find("%20", at)) != body.npos;) body.replace(at, 3, "+");
  return body;
}

std::string action_of(const Form& form) { return form.empty() ? "" : form.front().second; }

}  // namespace

Result<std::string> Query::region() {
  return options_.region.empty() ? chain_.region() : Result<std::string>(options_.region);
}

Result<std::string> Query::call(const Form& form, CallKind kind) {
  BDAAS_ASSIGN(const auto place, region());
  BDAAS_ASSIGN(const auto credentials, chain_.credentials());
  auto endpoint = options_.endpoint.empty() ? chain_.endpoint("EC2") : options_.endpoint;
  if (endpoint.empty()) endpoint = aws_endpoint(place);
  HttpRequest request;
  request.method = "POST";
  request.url = endpoint;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  request.body = body_of(form);
  request.timeout = options_.timeout;
  request.response_bytes_max = options_.answer_bytes_max;
  BDAAS_TRY(sign(request, credentials, {place, "ec2"}, clock_.now()));
  const auto where = fmt::format("{} in {}", action_of(form), place);
  auto answer = http_.send(request).context(where);
  if (!answer.ok()) {
    auto error = std::move(answer).error();
    // The request went out, so what became of it is not known, however its answer was broken.
    const bool half = error.kind == ErrorKind::corrupted ||
                      error.kind == ErrorKind::resource_exhausted ||
                      error.kind == ErrorKind::unknown_outcome;
    if (half)
      error.kind = kind == CallKind::reads ? ErrorKind::unavailable : ErrorKind::unknown_outcome;
    return error;
  }
  if (answer->ok()) return std::move(answer->body);
  const auto refusal = parse_refusal(answer->status, answer->body);
  if (refusal.code == "DryRunOperation") return std::string();
  return error_of(refusal, kind, where);
}

}  // namespace bdaas::ec2
