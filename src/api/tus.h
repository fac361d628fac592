#pragma once
// The texts of tus 1.0 (https://tus.io/protocols/resumable-upload): what its headers say. Pure.

#include <optional>
#include <string>
#include <string_view>

#include "api/http.h"
#include "stream/uploads.h"

namespace bdaas::api {

inline constexpr std::string_view kTusVersion = "1.0.0";
inline constexpr std::string_view kTusExtensions =
    "creation,creation-with-upload,expiration,termination,checksum";
inline constexpr std::string_view kTusChecksums = "sha1,sha256";  // all of DigestKind
inline constexpr std::string_view kTusMedia = "application/offset+octet-stream";

// Where uploads are made, or one of them: there every answer has Tus-Resumable.
bool speaks_tus(const HttpRequest& request);

// What the request is meant as: a client that cannot send PATCH or DELETE sends POST and names the
// method in X-HTTP-Method-Override. Only there, and only for POST: what other rows are asked, and
// what must not change anything, is told by the request line alone.
std::string_view method_of(const HttpRequest& request);

// 412, when it is not our version.
std::optional<HttpResponse> refuse_version(const HttpRequest& request);

// Upload-Length and Upload-Metadata; unknown keys are refused.
Result<UploadSpec> read_creation(const HttpRequest& request);

// Upload-Checksum; nothing when the client sent none.
Result<std::optional<Checksum>> read_checksum(const HttpRequest& request);

// A header that holds a whole number.
Result<std::int64_t> read_number(const HttpRequest& request, std::string_view lower_name,
                                 std::string_view shown_name);

}  // namespace bdaas::api
