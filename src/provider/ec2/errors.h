#pragma once
// What EC2's refusals mean: its codes, our kinds, and what a user can do. Pure.
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html

#include <string>

#include "base/result.h"

namespace bdaas::ec2 {

struct Refusal {
  int status = 0;       // HTTP
  std::string code;     // "InvalidAMIID.NotFound"; empty: the answer was none of EC2's
  std::string message;  // EC2's own words
};

enum class CallKind {
  reads,
  changes,  // without an answer nobody knows whether it was done
};

// One sentence. where: "RunInstances in eu-west-3".
Error error_of(const Refusal& refusal, CallKind kind, std::string_view where);

// EC2's words without the encoded part that only sts:DecodeAuthorizationMessage can read, and
// short.
std::string shortened(std::string_view message);

}  // namespace bdaas::ec2
