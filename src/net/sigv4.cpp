#include "net/sigv4.h"

#include <algorithm>
#include <ctime>
#include <map>

#include "base/digest.h"
#include "base/hex.h"
#include "net/url.h"

namespace bdaas {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kLastWord = "aws4_request";

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

// Blanks around it are gone, and several in a row are one.
std::string squeezed(std::string_view value) {
  std::string result;
  for (const char c : value) {
    const bool blank = c == ' ' || c == '\t';
    if (!blank) {
      result += c;
    } else if (!result.empty() && result.back() != ' ') {
      result += ' ';
    }
  }
  if (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

// By lower-case name; the values of a name that is given again are joined by commas.
std::map<std::string, std::string> canonical_headers(const std::vector<HttpHeader>& headers) {
  std::map<std::string, std::string> canonical;
  for (const auto& [name, value] : headers) {
    auto& values = canonical[lower(name)];
    if (!values.empty()) values += ',';
    values += squeezed(value);
  }
  return canonical;
}

// What is not encoded as the signature wants it is encoded anew; what cannot be decoded stays.
std::string canonical_word(std::string_view text) {
  const auto decoded = percent_decode(text);
  return percent_encode(decoded ? *decoded : std::string(text));
}

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    pairs.emplace_back(canonical_word(pair.substr(0, equals)),
                       canonical_word(pair.substr(std::min(equals + 1, pair.size()))));
  }
  std::ranges::sort(pairs);
  std::string text;
  for (const auto& [name, value] : pairs) {
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, value);
  }
  return text;
}

// Every service but s3 signs the path encoded once more.
std::string canonical_path(std::string_view path, std::string_view service) {
  return service == "s3" ? std::string(path) : percent_encode(path, "/");
}

std::string canonical_request(const SignedParts& parts, std::string_view service) {
  std::string headers;
  for (const auto& [name, value] : canonical_headers(parts.headers)) {
    headers += fmt::format("{}:{}\n", name, value);
  }
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", parts.method, canonical_path(parts.path, service),
                     canonical_query(parts.query), headers, signed_headers(parts.headers),
                     parts.payload_sha256);
}

}  // namespace

std::string sigv4_time(Time time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

std::string credential_scope(std::string_view amz_date, const SigningScope& scope) {
  return fmt::format("{}/{}/{}/{}", amz_date.substr(0, 8), scope.region, scope.service, kLastWord);
}

std::string signed_headers(const std::vector<HttpHeader>& headers) {
  std::string names;
  for (const auto& [name, value] : canonical_headers(headers)) {
    names += (names.empty() ? "" : ";") + name;
  }
  return names;
}

std::string sigv4_signature(const SignedParts& parts, const SigningScope& scope,
                            std::string_view amz_date,
                            const Secret<std::string>& secret_access_key) {
  const auto to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, amz_date, credential_scope(amz_date, scope),
                  sha256_hex(canonical_request(parts, scope.service)));
  std::string key = hmac_sha256("AWS4" + secret_access_key.reveal(), amz_date.substr(0, 8));
  for (const std::string_view word :
       {std::string_view(scope.region), std::string_view(scope.service), kLastWord}) {
    key = hmac_sha256(key, word);
  }
  return to_hex(hmac_sha256(key, to_sign));
}

Result<> sign(HttpRequest& request, const AwsCredentials& credentials, const SigningScope& scope,
              Time now) {
  BDAAS_ASSIGN(const auto url, parse_url(request.url));
  const bool default_port = url.port == (url.scheme == "https" ? 443 : 80);
  const auto amz_date = sigv4_time(now);
  const auto question = std::min(url.target.find('?'), url.target.size());
  SignedParts parts;
  parts.method = request.method;
  parts.path = url.target.substr(0, question);
  parts.query = url.target.substr(std::min(question + 1, url.target.size()));
  parts.payload_sha256 = sha256_hex(request.body);
  auto& headers = request.headers;
  headers.push_back({"Host", default_port ? url.host : fmt::format("{}:{}", url.host, url.port)});
  headers.push_back({"X-Amz-Date", amz_date});
  if (scope.service == "s3") headers.push_back({"X-Amz-Content-Sha256", parts.payload_sha256});
  const auto& token = credentials.session_token.reveal();
  if (!token.empty()) headers.push_back({"X-Amz-Security-Token", token});
  parts.headers = headers;
  headers.push_back(
      {"Authorization",
       fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                   credentials.access_key_id, credential_scope(amz_date, scope),
                   signed_headers(parts.headers),
                   sigv4_signature(parts, scope, amz_date, credentials.secret_access_key))});
  return {};
}

}  // namespace bdaas
