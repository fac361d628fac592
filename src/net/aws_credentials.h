#pragma once
// Who we are to AWS, found where AWS's own tools look, in their order:
//   1. environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
//   2. shared files: ~/.aws/credentials and ~/.aws/config (AWS_SHARED_CREDENTIALS_FILE,
//      AWS_CONFIG_FILE), profile AWS_PROFILE, else "default"
//   3. the role of the EC2 instance we run on, by IMDSv2 (AWS_EC2_METADATA_DISABLED,
//      AWS_EC2_METADATA_SERVICE_ENDPOINT)
// Profiles that need a log-in or a program (SSO, assumed roles, credential_process) are named in
// the error.

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/ini.h"
#include "net/http_client.h"
#include "net/sigv4.h"

namespace bdaas {

// Where the chain looks; a test gives its own.
struct AwsSources {
  std::map<std::string, std::string> environment;  // HOME and what begins with AWS_

  static AwsSources of_process();

  std::string get(const std::string& name) const;  // "": not there, or empty
};

// Thread-safe.
class AwsCredentialChain {
 public:
  // http and clock outlive it.
  AwsCredentialChain(AwsSources sources, HttpClient& http, const Clock& clock)
      : sources_(std::move(sources)), http_(http), clock_(clock) {}

  // Environment and files are read anew each time; a role's are kept until five minutes before
  // they end. unauthenticated: found nowhere, or what was found cannot be used. Blocks for some
  // seconds at most.
  Result<AwsCredentials> credentials();

  // AWS_REGION, AWS_DEFAULT_REGION, the profile's, the instance's own. failed_precondition: none.
  Result<std::string> region();

  // AWS_ENDPOINT_URL_<service in capitals>, AWS_ENDPOINT_URL; "": AWS itself.
  std::string endpoint(const std::string& service_in_capitals) const;

 private:
  struct RoleCredentials {
    AwsCredentials credentials;
    Time expires_at{};
  };

  std::string profile_name() const;
  Result<IniSection> profile() const;
  Result<std::optional<AwsCredentials>> from_environment() const;
  Result<std::optional<AwsCredentials>> from_files() const;
  Result<AwsCredentials> from_role();
  Result<RoleCredentials> ask_role();
  Result<std::string> metadata(const std::string& path);

  const AwsSources sources_;
  HttpClient& http_;
  const Clock& clock_;
  std::mutex mutex_;  // guards what follows; held while the instance is asked
  std::optional<RoleCredentials> role_;
  std::string instance_region_;
};

}  // namespace bdaas
