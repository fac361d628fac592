#include "net/aws_credentials.h"

#include <unistd.h>

#include "base/files.h"
#include "base/json.h"
#include "base/os_error.h"
#include "net/url.h"

namespace bdaas {

namespace {

constexpr std::uint64_t kFileBytesMax = 1u << 20;
constexpr Millis kMetadataConnect{1'000};  // elsewhere than on EC2 nobody answers at all
constexpr Millis kMetadataTimeout{2'000};
constexpr auto kRenewBefore = std::chrono::minutes(5);
constexpr std::string_view kMetadataHost = "169.254.169.254";

AwsCredentials make(std::string id, std::string secret, std::string token) {
  return {std::move(id), Secret<std::string>(std::move(secret)),
          Secret<std::string>(std::move(token))};
}

std::string value_of(const IniSection& section, const std::string& name) {
  const auto found = section.find(name);
  return found == section.end() ? std::string() : found->second;
}

// A file that does not exist says nothing.
Result<Ini> read_ini(const fs::path& path) {
  auto text = read_file(path, kFileBytesMax);
  if (!text.ok() && text.error().kind == ErrorKind::not_found) return Ini{};
  if (!text.ok()) return std::move(text).error();
  return parse_ini(*text).context(path.native());
}

// As the instance says it; other members may stand beside these.
Result<std::string> text_member(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) {
    return fail(ErrorKind::corrupted, "the instance's role answers without {}", name);
  }
  return std::string(std::string_view(value->get_string()));
}

bool is_region(std::string_view text) {
  return !text.empty() && text.size() < 64 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == text.npos;
}

}  // namespace

AwsSources AwsSources::of_process() {
  AwsSources sources;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals == text.npos) continue;
    const auto name = text.substr(0, equals);
    if (name == "HOME" || name.starts_with("AWS_")) {
      sources.environment.emplace(name, text.substr(equals + 1));
    }
  }
  return sources;
}

std::string AwsSources::get(const std::string& name) const {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

Result<AwsCredentials> AwsCredentialChain::credentials() {
  BDAAS_ASSIGN(auto given, from_environment());
  if (!given) {
    BDAAS_ASSIGN(given, from_files());
  }
  if (given) return *std::move(given);
  auto role = from_role();
  if (role.ok()) return role;
  return fail(ErrorKind::unauthenticated,
              "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them "
              "to ~/.aws/credentials (profile '{}'), or run on an EC2 instance with a role ({})",
              printable(profile_name()), role.error().message);
}

Result<std::optional<AwsCredentials>> AwsCredentialChain::from_environment() const {
  const auto id = sources_.get("AWS_ACCESS_KEY_ID");
  const auto secret = sources_.get("AWS_SECRET_ACCESS_KEY");
  if (id.empty() && secret.empty()) return std::optional<AwsCredentials>();
  if (id.empty() || secret.empty()) {
    return fail(ErrorKind::unauthenticated,
                "of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only {} is set: set both",
                id.empty() ? "the second" : "the first");
  }
  return std::optional(make(id, secret, sources_.get("AWS_SESSION_TOKEN")));
}

std::string AwsCredentialChain::profile_name() const {
  const auto name = sources_.get("AWS_PROFILE");
  return name.empty() ? "default" : name;
}

// Of both files; what stands in the file of credentials goes before.
Result<IniSection> AwsCredentialChain::profile() const {
  const fs::path home = sources_.get("HOME");
  const auto given = [&](const std::string& name, const char* usual) {
    const auto path = sources_.get(name);
    return path.empty() ? home / ".aws" / usual : fs::path(path);
  };
  const auto name = profile_name();
  BDAAS_ASSIGN(const auto secrets, read_ini(given("AWS_SHARED_CREDENTIALS_FILE", "credentials")));
  BDAAS_ASSIGN(const auto config, read_ini(given("AWS_CONFIG_FILE", "config")));
  IniSection section;
  if (const auto found = secrets.find(name); found != secrets.end()) section = found->second;
  const auto in_config = config.find(name == "default" ? name : "profile " + name);
  if (in_config != config.end()) section.insert(in_config->second.begin(), in_config->second.end());
  if (section.empty() && !sources_.get("AWS_PROFILE").empty()) {
    return fail(ErrorKind::unauthenticated,
                "there is no AWS profile '{}' in ~/.aws/credentials or ~/.aws/config: see "
                "AWS_PROFILE",
                printable(name));
  }
  return section;
}

Result<std::optional<AwsCredentials>> AwsCredentialChain::from_files() const {
  BDAAS_ASSIGN(const auto section, profile());
  const auto id = value_of(section, "aws_access_key_id");
  const auto secret = value_of(section, "aws_secret_access_key");
  if (!id.empty() && !secret.empty()) {
    return std::optional(make(id, secret, value_of(section, "aws_session_token")));
  }
  if (!id.empty() || !secret.empty()) {
    return fail(ErrorKind::unauthenticated,
                "the AWS profile '{}' needs both aws_access_key_id and aws_secret_access_key",
                printable(profile_name()));
  }
  for (const std::string name :
       {"sso_session", "sso_start_url", "role_arn", "credential_process"}) {
    if (!section.contains(name)) continue;
    return fail(ErrorKind::unauthenticated,
                "the AWS profile '{}' uses {}, which is not supported: give its keys by "
                "'eval $(aws configure export-credentials --format env)'",
                printable(profile_name()), name);
  }
  return std::optional<AwsCredentials>();
}

Result<AwsCredentials> AwsCredentialChain::from_role() {
  const std::lock_guard lock(mutex_);
  if (!role_ || clock_.now() + kRenewBefore >= role_->expires_at) {
    auto asked = ask_role();
    // Near its end the old one is still better than none.
    const bool ended = !role_ || clock_.now() >= role_->expires_at;
    if (!asked.ok() && ended) return std::move(asked).error();
    if (asked.ok()) role_ = *std::move(asked);
  }
  return role_->credentials;
}

Result<AwsCredentialChain::RoleCredentials> AwsCredentialChain::ask_role() {
  const std::string folder = "/latest/meta-data/iam/security-credentials/";
  BDAAS_ASSIGN(const auto names, metadata(folder));
  const auto first = names.substr(0, names.find('\n'));
  BDAAS_ASSIGN(const auto text, metadata(folder + percent_encode(first)));
  BDAAS_ASSIGN(const auto answer, parse_json(text));
  if (!answer.is_object()) {
    return fail(ErrorKind::corrupted, "the instance's role answers no JSON object");
  }
  const auto& object = answer.get_object();
  BDAAS_ASSIGN(auto id, text_member(object, "AccessKeyId"));
  BDAAS_ASSIGN(auto secret, text_member(object, "SecretAccessKey"));
  BDAAS_ASSIGN(auto token, text_member(object, "Token"));
  BDAAS_ASSIGN(auto expiration, text_member(object, "Expiration"));
  if (expiration.find('.') == expiration.npos && expiration.ends_with('Z')) {
    expiration.insert(expiration.size() - 1, ".000");  // it counts in seconds
  }
  BDAAS_ASSIGN(const auto expires_at, from_rfc3339(expiration));
  return RoleCredentials{make(std::move(id), std::move(secret), std::move(token)), expires_at};
}

// IMDSv2: each time with a token of its own, which is asked for rarely enough.
Result<std::string> AwsCredentialChain::metadata(const std::string& path) {
  if (sources_.get("AWS_EC2_METADATA_DISABLED") == "true") {
    return fail(ErrorKind::not_found, "AWS_EC2_METADATA_DISABLED forbids to ask for one");
  }
  auto base = sources_.get("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (base.empty()) base = fmt::format("http://{}", kMetadataHost);
  while (base.ends_with('/')) base.pop_back();
  HttpRequest ask;
  ask.connect_timeout = kMetadataConnect;
  ask.timeout = kMetadataTimeout;
  ask.response_bytes_max = 64 * 1024;
  // A name with an address is never asked for through a proxy.
  ask.hosts = std::make_shared<const HostMap>(
      HostMap{.addresses = {{std::string(kMetadataHost), std::string(kMetadataHost)}}, .dial = {}});
  ask.method = "PUT";
  ask.url = base + "/latest/api/token";
  ask.headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "300"}};
  const auto token = http_.send(ask);
  if (!token.ok() || !token->ok()) {
    return fail(ErrorKind::not_found, "no instance metadata at {}", printable(base));
  }
  ask.method = "GET";
  ask.url = base + path;
  ask.headers = {{"X-aws-ec2-metadata-token", token->body}};
  BDAAS_ASSIGN(auto answer, http_.send(ask));
  if (!answer.ok()) {
    return fail(ErrorKind::not_found, "this instance has no role: {} answers {}", path,
                answer.status);
  }
  return std::move(answer.body);
}

Result<std::string> AwsCredentialChain::region() {
  auto region = sources_.get("AWS_REGION");
  if (region.empty()) region = sources_.get("AWS_DEFAULT_REGION");
  if (region.empty()) {
    BDAAS_ASSIGN(const auto section, profile());
    region = value_of(section, "region");
  }
  if (region.empty()) {
    const std::lock_guard lock(mutex_);
    if (instance_region_.empty()) {
      instance_region_ = metadata("/latest/meta-data/placement/region").value_or("");
    }
    region = instance_region_;
  }
  if (is_region(region)) return region;
  if (!region.empty()) {
    return fail(ErrorKind::invalid_argument, "'{}' is no AWS region: one is called us-east-1",
                printable(region));
  }
  return fail(ErrorKind::failed_precondition,
              "no AWS region: set AWS_REGION, or write 'region = …' to the profile '{}' in "
              "~/.aws/config",
              printable(profile_name()));
}

std::string AwsCredentialChain::endpoint(const std::string& service_in_capitals) const {
  const auto own = sources_.get("AWS_ENDPOINT_URL_" + service_in_capitals);
  return own.empty() ? sources_.get("AWS_ENDPOINT_URL") : own;
}

}  // namespace bdaas
