#include "provider/ec2/errors.h"

#include <array>

#include "base/os_error.h"

namespace bdaas::ec2 {

namespace {

struct Row {
  std::string_view code;  // "a*" begins with a, "*a" ends with it; the first row that fits counts
  ErrorKind kind;
  std::string_view advice;  // empty: EC2's own words say it
};

constexpr std::string_view kQuota =
    "the account's quota is used up: ask AWS for more (Service Quotas, EC2), or take fewer or "
    "smaller machines";
constexpr std::string_view kCapacity =
    "AWS has no such machine left there now: name more instance types or subnets, or try later";
constexpr std::string_view kKeys =
    "AWS does not know these credentials: check access key, secret and session token";

constexpr auto kRows = std::to_array<Row>({
    {"RequestLimitExceeded", ErrorKind::throttled, "AWS asks for fewer calls"},
    {"Throttling*", ErrorKind::throttled, "AWS asks for fewer calls"},
    {"RequestThrottled*", ErrorKind::throttled, "AWS asks for fewer calls"},
    {"EC2ThrottledException", ErrorKind::throttled, "AWS asks for fewer calls"},
    {"SlowDown", ErrorKind::throttled, "AWS asks for fewer calls"},

    {"InsufficientFreeAddressesInSubnet", ErrorKind::resource_exhausted,
     "the subnet has no address left: name another"},
    {"Insufficient*", ErrorKind::resource_exhausted, kCapacity},
    {"Unsupported", ErrorKind::resource_exhausted, kCapacity},
    {"SpotMaxPriceTooLow", ErrorKind::resource_exhausted, kCapacity},
    {"MaxSpotInstanceCountExceeded", ErrorKind::resource_exhausted, kQuota},
    {"*LimitExceeded", ErrorKind::resource_exhausted, kQuota},

    {"UnauthorizedOperation", ErrorKind::permission_denied,
     "these credentials may not do that: give their user or role the right to"},
    {"AccessDenied*", ErrorKind::permission_denied,
     "these credentials may not do that: give their user or role the right to"},
    {"OptInRequired", ErrorKind::permission_denied, "this account has not subscribed to that"},
    {"Blocked", ErrorKind::permission_denied, "AWS has blocked this account"},
    {"PendingVerification", ErrorKind::permission_denied, ""},

    {"SignatureDoesNotMatch", ErrorKind::unauthenticated,
     "the secret access key does not belong to the access key: check both"},
    {"RequestExpired", ErrorKind::unauthenticated,
     "the clock of this computer is wrong, or the credentials have ended"},
    {"RequestTimeTooSkewed", ErrorKind::unauthenticated, "the clock of this computer is wrong"},
    {"ExpiredToken*", ErrorKind::unauthenticated, "the credentials have ended: get new ones"},
    {"AuthFailure", ErrorKind::unauthenticated, kKeys},
    {"InvalidClientTokenId", ErrorKind::unauthenticated, kKeys},
    {"UnrecognizedClientException", ErrorKind::unauthenticated, kKeys},
    {"InvalidAccessKeyId", ErrorKind::unauthenticated, kKeys},
    {"MissingAuthenticationToken", ErrorKind::unauthenticated, kKeys},
    {"IncompleteSignature", ErrorKind::unauthenticated, kKeys},

    {"IdempotentParameterMismatch", ErrorKind::conflict, ""},
    {"*.Duplicate", ErrorKind::conflict, ""},
    {"DependencyViolation", ErrorKind::failed_precondition, ""},
    {"*.InUse", ErrorKind::failed_precondition, ""},
    {"VPCIdNotSpecified", ErrorKind::failed_precondition,
     "this region has no default network: name a subnet"},

    {"InvalidAMIID.NotFound", ErrorKind::invalid_argument,
     "this region has no such image: every region has ids of its own"},
    {"InvalidAMIID.*", ErrorKind::invalid_argument, "that image cannot be started"},
    {"InvalidSubnetID.NotFound", ErrorKind::invalid_argument, "this region has no such subnet"},
    {"InvalidKeyPair.NotFound", ErrorKind::not_found, "this region has no such key pair"},
    {"InvalidGroup.NotFound", ErrorKind::not_found, "this region has no such security group"},
    {"*NotFound", ErrorKind::not_found, ""},
    {"InvalidInstanceType", ErrorKind::invalid_argument, "this region has no such instance type"},
    {"Invalid*", ErrorKind::invalid_argument, ""},
    {"Missing*", ErrorKind::invalid_argument, ""},
    {"Unknown*", ErrorKind::invalid_argument, ""},
    {"UnsupportedOperation", ErrorKind::invalid_argument, ""},
    {"NoSuchVersion", ErrorKind::invalid_argument, ""},

    {"Unavailable", ErrorKind::unavailable, ""},
    {"ServiceUnavailable", ErrorKind::unavailable, ""},
});

bool fits(std::string_view pattern, std::string_view code) {
  if (pattern.ends_with('*')) return code.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern.starts_with('*') ? code.ends_with(pattern.substr(1)) : code == pattern;
}

// Of what stands in no row: by its status. 503 says that nothing was done, another 5xx does not.
ErrorKind kind_of_status(int status, CallKind kind) {
  if (status == 429) return ErrorKind::throttled;
  if (status == 401) return ErrorKind::unauthenticated;
  if (status == 403) return ErrorKind::permission_denied;
  if (status == 503 || (status >= 500 && kind == CallKind::reads)) return ErrorKind::unavailable;
  return status >= 500 ? ErrorKind::unknown_outcome : ErrorKind::invalid_argument;
}

}  // namespace

std::string shortened(std::string_view message) {
  const auto encoded = message.find("Encoded authorization failure message");
  if (encoded != message.npos) message = message.substr(0, encoded);
  while (message.ends_with(' ') || message.ends_with('.')) message.remove_suffix(1);
  return printable(message);
}

Error error_of(const Refusal& refusal, CallKind kind, std::string_view where) {
  const auto code = printable(refusal.code);
  const auto words = shortened(refusal.message);
  if (!code.empty()) {
    for (const auto& row : kRows) {
      if (!fits(row.code, code)) continue;
      if (row.advice.empty()) return fail(row.kind, "{}: {} ({})", where, words, code);
      return fail(row.kind, "{}: {} ({}: {})", where, row.advice, code, words);
    }
  }
  const auto known = kind_of_status(refusal.status, kind);
  if (code.empty()) {
    return fail(known, "{}: HTTP {} without a word that EC2 would say", where, refusal.status);
  }
  return fail(known, "{}: {} ({}, HTTP {})", where, words, code, refusal.status);
}

}  // namespace bdaas::ec2
