// Against the examples that AWS publishes with the specification.

#include "net/sigv4.h"

#include <gtest/gtest.h>

#include "base/digest.h"

namespace bdaas {
namespace {

const Secret<std::string> kSecret{"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
constexpr std::string_view kDate = "20150830T123600Z";
const Time kNow{std::chrono::seconds(1'440'938'160)};

SignedParts vanilla() {
  return {.method = "GET",
          .path = "/",
          .query = "",
          .headers = {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", std::string(kDate)}},
          .payload_sha256 = sha256_hex("")};
}

std::string signature_of(const SignedParts& parts) {
  return sigv4_signature(parts, {"us-east-1", "service"}, kDate, kSecret);
}

TEST(SigV4, WritesTimesAndScopes) {
  EXPECT_EQ(sigv4_time(kNow), kDate);
  EXPECT_EQ(credential_scope(kDate, {"us-east-1", "iam"}), "20150830/us-east-1/iam/aws4_request");
}

TEST(SigV4, ARequestOfNothingButItsHost) {
  EXPECT_EQ(signature_of(vanilla()),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST(SigV4, TheExampleOfTheSpecification) {
  const SignedParts parts{
      .method = "GET",
      .path = "/",
      .query = "Action=ListUsers&Version=2010-05-08",
      .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
                  {"Host", "iam.amazonaws.com"},
                  {"X-Amz-Date", std::string(kDate)}},
      .payload_sha256 = sha256_hex("")};
  EXPECT_EQ(sigv4_signature(parts, {"us-east-1", "iam"}, kDate, kSecret),
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

TEST(SigV4, TheOrderAndEncodingOfAQueryDoNotMatter) {
  auto one = vanilla();
  one.query = "b=2&a=x%2Fy&a=%7e1";
  auto other = vanilla();
  other.query = "a=~1&a=x/y&b=2";
  EXPECT_EQ(signature_of(one), signature_of(other));
  other.query = "a=~1&a=x/y&b=3";
  EXPECT_NE(signature_of(one), signature_of(other));
}

TEST(SigV4, TheCaseOrderAndBlanksOfHeadersDoNotMatter) {
  auto one = vanilla();
  one.headers.push_back({"My-Header", "  a   b "});
  auto other = vanilla();
  other.headers.insert(other.headers.begin(), {"my-header", "a b"});
  EXPECT_EQ(signature_of(one), signature_of(other));
  EXPECT_EQ(signed_headers(one.headers), "host;my-header;x-amz-date");
}

struct Signed {
  std::string service;
  std::string url;
  std::string_view headers;
  std::string_view signature;  // as botocore 1.44 computes it
};

class SigV4Of : public testing::TestWithParam<Signed> {};

TEST_P(SigV4Of, CoversAllHeadersAndTheBody) {
  HttpRequest request;
  request.method = "POST";
  request.url = GetParam().url;
  request.headers = {{"Content-Type", "text/plain"}};
  request.body = "hello";
  const AwsCredentials credentials{"AKIDEXAMPLE", kSecret, Secret<std::string>("t0ken")};
  ASSERT_TRUE(sign(request, credentials, {"eu-west-3", GetParam().service}, kNow));
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : request.headers) headers[name] = value;
  EXPECT_EQ(headers["Host"], "127.0.0.1:5000");
  EXPECT_EQ(headers["X-Amz-Date"], kDate);
  EXPECT_EQ(headers["X-Amz-Security-Token"], "t0ken");
  EXPECT_EQ(headers["Authorization"],
            fmt::format("AWS4-HMAC-SHA256 "
                        "Credential=AKIDEXAMPLE/20150830/eu-west-3/{}/aws4_request, "
                        "SignedHeaders={}, Signature={}",
                        GetParam().service, GetParam().headers, GetParam().signature));
}

// Only s3 signs a path as it stands.
INSTANTIATE_TEST_SUITE_P(
    Services, SigV4Of,
    testing::Values(Signed{"ec2", "http://127.0.0.1:5000/?x=1",
                           "content-type;host;x-amz-date;x-amz-security-token",
                           "0534f1781a8710b30fadae01c13d3bca85f489af08b62d6d59ec4dbe5a97f6c1"},
                    Signed{"execute-api", "http://127.0.0.1:5000/a%20b?x=1",
                           "content-type;host;x-amz-date;x-amz-security-token",
                           "8830e80daae9f8a21ad9a6a77b8a755e7622828985402de1cd3ee98b4c4e85bc"},
                    Signed{"s3", "http://127.0.0.1:5000/a%20b?x=1",
                           "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token",
                           "9c7a9e96cde3b6b18648f8f0afaf58a787bdf27ee5f26d65fc7d8f3cd5cb1936"}));

TEST(SigV4, ABadAddressIsRefused) {
  HttpRequest request;
  request.url = "ftp://example.org/";
  EXPECT_EQ(sign(request, {}, {"r", "s"}, kNow).error().kind, ErrorKind::invalid_argument);
}

}  // namespace
}  // namespace bdaas
