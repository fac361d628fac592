#include "api/tus.h"

#include <algorithm>

#include "api/answers.h"
#include "api/check.h"
#include "api/http_text.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/os_error.h"
#include "base/utf8.h"

namespace bdaas::api {

namespace {

constexpr std::string_view kTusPlace = "/v1/uploads";

Result<json::object> read_metadata(std::string_view header) {
  json::object values;
  while (!header.empty()) {
    const auto comma = header.find(',');
    auto pair = header.substr(0, comma);
    header = comma == std::string_view::npos ? std::string_view{} : header.substr(comma + 1);
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    const auto space = pair.find(' ');
    const auto key = pair.substr(0, space);
    auto value = from_base64(space == std::string_view::npos ? "" : pair.substr(space + 1));
    if (key.empty() || !value || !is_utf8(*value)) {
      return fail(ErrorKind::invalid_argument,
                  "Upload-Metadata: '{}' is not a key and a value in base64 (of UTF-8)",
                  printable(pair));
    }
    values[key] = *value;
  }
  return values;
}

}  // namespace

bool speaks_tus(const HttpRequest& request) {
  return request.path == kTusPlace ||
         (request.path.starts_with(kTusPlace) && request.path[kTusPlace.size()] == '/');
}

std::string_view method_of(const HttpRequest& request) {
  if (request.method != "POST" || !speaks_tus(request)) return request.method;
  return request.header("x-http-method-override").value_or(request.method);
}

std::optional<HttpResponse> refuse_version(const HttpRequest& request) {
  if (request.header("tus-resumable") == kTusVersion) return std::nullopt;
  auto response =
      error_response(fail(ErrorKind::failed_precondition,
                          "Tus-Resumable: only version {} is spoken here", kTusVersion));
  response.headers.emplace_back("Tus-Version", kTusVersion);
  return response;
}

Result<UploadSpec> read_creation(const HttpRequest& request) {
  BDAAS_ASSIGN(auto values, read_metadata(request.header("upload-metadata").value_or("")));
  if (values.contains("bytes")) {
    return fail(ErrorKind::invalid_argument,
                "Upload-Metadata: unknown key bytes; it is Upload-Length");
  }
  BDAAS_ASSIGN(const auto length, read_number(request, "upload-length", "Upload-Length"));
  values["bytes"] = length;
  BDAAS_ASSIGN(const auto spec, from_json<UploadSpec>(values, "Upload-Metadata"));
  BDAAS_TRY(check_rules(spec));
  return spec;
}

Result<std::optional<Checksum>> read_checksum(const HttpRequest& request) {
  const auto header = request.header("upload-checksum");
  if (!header) return std::optional<Checksum>();
  const auto space = std::min(header->find(' '), header->size());
  const auto kind = from_text<DigestKind>(header->substr(0, space));
  const auto digest = from_base64(header->substr(std::min(space + 1, header->size())));
  if (!kind || !digest || digest->size() != digest_bytes(*kind)) {
    return fail(ErrorKind::invalid_argument,
                "Upload-Checksum: expected one of {}, and the digest in base64", kTusChecksums);
  }
  Checksum checksum{.kind = *kind, .hex = {}};
  for (const char c : *digest) checksum.hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return std::optional(std::move(checksum));
}

Result<std::int64_t> read_number(const HttpRequest& request, std::string_view lower_name,
                                 std::string_view shown_name) {
  const auto header = request.header(lower_name);
  if (!header) return fail(ErrorKind::invalid_argument, "the header {} is missing", shown_name);
  BDAAS_ASSIGN(const auto number, parse_whole_number(*header, shown_name));
  return static_cast<std::int64_t>(number);
}

}  // namespace bdaas::api
