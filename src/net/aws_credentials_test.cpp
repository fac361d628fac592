#include "net/aws_credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "net/http_test_server.h"

namespace bdaas {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class AwsCredentialsTest : public testing::Test {
 protected:
  AwsCredentialsTest() {
    environment_ = {{"HOME", dir_.path().native()}, {"AWS_EC2_METADATA_DISABLED", "true"}};
  }

  void write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(make_directory(dir_.path() / ".aws"));
    ASSERT_TRUE(write_file(dir_.path() / ".aws" / name, text, 0600));
  }

  AwsCredentialChain chain() { return {{environment_}, http_, clock_}; }

  void expect(const std::string& id, const std::string& secret, const std::string& token) {
    const auto found = chain().credentials();
    ASSERT_TRUE(found.ok()) << found.error().message;
    EXPECT_EQ(found->access_key_id, id);
    EXPECT_EQ(found->secret_access_key.reveal(), secret);
    EXPECT_EQ(found->session_token.reveal(), token);
  }

  std::string refusal() {
    const auto found = chain().credentials();
    EXPECT_FALSE(found.ok());
    EXPECT_EQ(found.error().kind, ErrorKind::unauthenticated);
    return found.error().message;
  }

  TempDir dir_ = TempDir::make().value();
  std::map<std::string, std::string> environment_;
  HttpClient http_;
  FakeClock clock_;
};

TEST_F(AwsCredentialsTest, NothingFoundNamesTheThreePlaces) {
  EXPECT_THAT(refusal(), AllOf(HasSubstr("AWS_ACCESS_KEY_ID"), HasSubstr("~/.aws/credentials"),
                               HasSubstr("EC2 instance with a role")));
}

TEST_F(AwsCredentialsTest, TheEnvironmentComesFirst) {
  write("credentials", "[default]\naws_access_key_id=F\naws_secret_access_key=f\n");
  environment_["AWS_ACCESS_KEY_ID"] = "E";
  environment_["AWS_SECRET_ACCESS_KEY"] = "e";
  expect("E", "e", "");
  environment_["AWS_SESSION_TOKEN"] = "t";
  expect("E", "e", "t");
  environment_.erase("AWS_SECRET_ACCESS_KEY");
  EXPECT_THAT(refusal(), HasSubstr("set both"));
}

TEST_F(AwsCredentialsTest, ThenTheFilesByProfile) {
  write("credentials",
        "[default]\naws_access_key_id=D\naws_secret_access_key=d\n"
        "[build]\naws_access_key_id=B\naws_secret_access_key=b\naws_session_token=bt\n");
  write("config",
        "[profile build]\nregion=eu-west-3\naws_access_key_id=not-this\n"
        "[profile only]\naws_access_key_id=O\naws_secret_access_key=o\n"
        "[profile sso]\nsso_session=x\n[profile half]\naws_access_key_id=H\n");
  expect("D", "d", "");
  environment_["AWS_PROFILE"] = "build";
  expect("B", "b", "bt");
  EXPECT_EQ(chain().region().value(), "eu-west-3");
  environment_["AWS_PROFILE"] = "only";
  expect("O", "o", "");
  environment_["AWS_PROFILE"] = "sso";
  EXPECT_THAT(refusal(), HasSubstr("uses sso_session"));
  environment_["AWS_PROFILE"] = "half";
  EXPECT_THAT(refusal(), HasSubstr("needs both"));
  environment_["AWS_PROFILE"] = "none";
  EXPECT_THAT(refusal(), HasSubstr("no AWS profile 'none'"));
}

TEST_F(AwsCredentialsTest, FilesMayLieElsewhereAndBeNonsense) {
  write("mine", "[default]\naws_access_key_id=M\naws_secret_access_key=m\n");
  environment_["AWS_SHARED_CREDENTIALS_FILE"] = (dir_.path() / ".aws" / "mine").native();
  expect("M", "m", "");
  write("mine", "[default]\nSECRET\n");
  const auto found = chain().credentials();
  ASSERT_FALSE(found.ok());
  EXPECT_THAT(found.error().message, AllOf(HasSubstr("mine: line 2"), Not(HasSubstr("SECRET"))));
}

TEST_F(AwsCredentialsTest, RegionsComeInTheirOrder) {
  EXPECT_EQ(chain().region().error().kind, ErrorKind::failed_precondition);
  write("config", "[default]\nregion = eu-west-1\n");
  EXPECT_EQ(chain().region().value(), "eu-west-1");
  environment_["AWS_DEFAULT_REGION"] = "eu-west-2";
  EXPECT_EQ(chain().region().value(), "eu-west-2");
  environment_["AWS_REGION"] = "eu-west-3";
  EXPECT_EQ(chain().region().value(), "eu-west-3");
  environment_["AWS_REGION"] = "evil.example.org/";
  EXPECT_EQ(chain().region().error().kind, ErrorKind::invalid_argument);
}

TEST_F(AwsCredentialsTest, EndpointsOfAServiceGoBeforeThoseOfAll) {
  EXPECT_EQ(chain().endpoint("EC2"), "");
  environment_["AWS_ENDPOINT_URL"] = "http://a";
  EXPECT_EQ(chain().endpoint("EC2"), "http://a");
  environment_["AWS_ENDPOINT_URL_EC2"] = "http://b";
  EXPECT_EQ(chain().endpoint("EC2"), "http://b");
}

class AwsRoleTest : public AwsCredentialsTest {
 protected:
  AwsRoleTest() {
    environment_.erase("AWS_EC2_METADATA_DISABLED");
    environment_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = server_.url();
  }

  void answer(HttpTestServer::Connection& connection, const HttpTestServer::Request& request) {
    const std::string folder = "/latest/meta-data/iam/security-credentials/";
    if (request.line() == "PUT /latest/api/token HTTP/1.1") {
      return connection.answer(ready_ ? 200 : 404, "tok");
    }
    if (!request.has("X-aws-ec2-metadata-token: tok")) return connection.answer(401, "");
    if (request.line() == "GET " + folder + " HTTP/1.1") return connection.answer(200, "a-role");
    if (request.line() == "GET " + folder + "a-role HTTP/1.1") {
      const int number = ++asked_;
      auto end = to_rfc3339(clock_.now() + std::chrono::hours(1));
      end.erase(end.find('.'), 4);
      return connection.answer(
          200, fmt::format(R"({{"Code":"Success","AccessKeyId":"R{}","SecretAccessKey":"r",)"
                           R"("Token":"rt","Expiration":"{}"}})",
                           number, end));
    }
    if (request.has("/placement/region")) return connection.answer(200, "eu-north-1");
    connection.answer(404, "");
  }

  std::atomic<bool> ready_ = true;
  std::atomic<int> asked_ = 0;
  HttpTestServer server_{HttpTestServer::each(
      [this](auto& connection, const auto& request) { answer(connection, request); })};
};

TEST_F(AwsRoleTest, KeepsARoleUntilFiveMinutesBeforeTheirEnd) {
  AwsCredentialChain kept{{environment_}, http_, clock_};
  EXPECT_EQ(kept.credentials().value().access_key_id, "R1");
  EXPECT_EQ(kept.credentials().value().session_token.reveal(), "rt");
  clock_.advance(std::chrono::minutes(54));
  EXPECT_EQ(kept.credentials().value().access_key_id, "R1");
  clock_.advance(std::chrono::minutes(2));
  ready_ = false;
  EXPECT_EQ(kept.credentials().value().access_key_id, "R1");  // not over yet
  ready_ = true;
  EXPECT_EQ(kept.credentials().value().access_key_id, "R2");
  EXPECT_EQ(kept.region().value(), "eu-north-1");
}

TEST_F(AwsRoleTest, WithoutARoleItSaysSo) {
  ready_ = false;
  EXPECT_THAT(refusal(), HasSubstr("no instance metadata at http://127.0.0.1"));
}

}  // namespace
}  // namespace bdaas
