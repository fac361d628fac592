#pragma once
// AWS Signature Version 4: one code for requests that we send and for those that we are sent.
// Source:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html Pure.
// Paths are signed as they are sent: they hold no "." or ".." segments.

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "net/http_client.h"

namespace bdaas {

struct AwsCredentials {
  std::string access_key_id;
  Secret<std::string> secret_access_key;
  Secret<std::string> session_token;  // of temporary ones; else empty
};

struct SigningScope {
  std::string region;   // "us-east-1"
  std::string service;  // "ec2"
};

// What a signature covers.
struct SignedParts {
  std::string method;
  std::string path;                 // as on the wire, "/" at least
  std::string query;                // as on the wire, without "?"
  std::vector<HttpHeader> headers;  // those that are signed, in any order
  std::string payload_sha256;       // hex
};

// "20150830T123600Z"
std::string sigv4_time(Time time);
// "20150830/us-east-1/ec2/aws4_request"; amz_date as sigv4_time() writes it.
std::string credential_scope(std::string_view amz_date, const SigningScope& scope);
// "host;x-amz-date"
std::string signed_headers(const std::vector<HttpHeader>& headers);

// 64 lower-case hex digits. Compare them by equal_in_constant_time().
std::string sigv4_signature(const SignedParts& parts, const SigningScope& scope,
                            std::string_view amz_date,
                            const Secret<std::string>& secret_access_key);

// Adds Host, X-Amz-Date, X-Amz-Security-Token where there is one, for s3 X-Amz-Content-Sha256, and
// Authorization, which covers all headers that the request has by then. The body must be
// request.body. invalid_argument: the URL cannot be read.
Result<> sign(HttpRequest& request, const AwsCredentials& credentials, const SigningScope& scope,
              Time now);

}  // namespace bdaas
