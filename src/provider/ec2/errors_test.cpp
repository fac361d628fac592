#include "provider/ec2/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bdaas::ec2 {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct Row {
  int status;
  std::string code;
  ErrorKind kind;
};

class Ec2Errors : public testing::TestWithParam<Row> {};

TEST_P(Ec2Errors, HaveTheKindThatACallerReactsTo) {
  const auto& [status, code, kind] = GetParam();
  const auto error = error_of({status, code, "Words."}, CallKind::changes, "RunInstances");
  EXPECT_EQ(to_text(error.kind), to_text(kind)) << code;
  EXPECT_THAT(error.message, AllOf(HasSubstr("RunInstances: "), HasSubstr(code)));
  EXPECT_THAT(error.message, Not(HasSubstr("Words.")));
}

using enum ErrorKind;
INSTANTIATE_TEST_SUITE_P(
    Codes, Ec2Errors,
    testing::Values(
        Row{503, "RequestLimitExceeded", throttled}, Row{400, "Throttling", throttled},
        Row{400, "ThrottlingException", throttled},
        Row{500, "InsufficientInstanceCapacity", resource_exhausted},
        Row{400, "InstanceLimitExceeded", resource_exhausted},
        Row{400, "VcpuLimitExceeded", resource_exhausted},
        Row{400, "SecurityGroupLimitExceeded", resource_exhausted},
        Row{400, "MaxSpotInstanceCountExceeded", resource_exhausted},
        Row{403, "UnauthorizedOperation", permission_denied},
        Row{401, "AuthFailure", unauthenticated}, Row{403, "InvalidClientTokenId", unauthenticated},
        Row{403, "SignatureDoesNotMatch", unauthenticated},
        Row{400, "RequestExpired", unauthenticated},
        Row{400, "InvalidAMIID.NotFound", invalid_argument},
        Row{400, "InvalidAMIID.Malformed", invalid_argument},
        Row{400, "InvalidInstanceID.NotFound", not_found},
        Row{400, "InvalidParameterValue", invalid_argument},
        Row{400, "InvalidKeyPair.Duplicate", conflict},
        Row{400, "InvalidPermission.Duplicate", conflict},
        Row{400, "IdempotentParameterMismatch", conflict},
        Row{400, "DependencyViolation", failed_precondition}, Row{503, "Unavailable", unavailable},
        Row{500, "InternalError", unknown_outcome}, Row{400, "NeverHeardOf", invalid_argument}));

TEST(Ec2Error, WithoutACodeTheStatusCounts) {
  const auto kind = [](int status, CallKind call) {
    return error_of({status, "", ""}, call, "X").kind;
  };
  EXPECT_EQ(kind(503, CallKind::changes), unavailable);
  EXPECT_EQ(kind(502, CallKind::changes), unknown_outcome);
  EXPECT_EQ(kind(502, CallKind::reads), unavailable);
  EXPECT_EQ(kind(429, CallKind::changes), throttled);
  EXPECT_EQ(kind(404, CallKind::reads), invalid_argument);
}

TEST(Ec2Error, NobodyReadsAnEncodedMessage) {
  const std::string message =
      "You are not authorized to perform this operation. Encoded authorization failure message: " +
      std::string(2'000, 'x');
  const auto error =
      error_of({403, "UnauthorizedOperation", message}, CallKind::reads, "DescribeInstances");
  EXPECT_EQ(error.message,
            "DescribeInstances: these credentials may not do that: give their user or role the "
            "right to (UnauthorizedOperation: You are not authorized to perform this operation)");
  EXPECT_LT(error_of({400, std::string(9'999, 'c'), std::string(9'999, 'm')}, CallKind::reads, "X")
                .message.size(),
            400u);
}

}  // namespace
}  // namespace bdaas::ec2
