#pragma once
// Calls of the EC2 Query API: signed, bounded, refusals told in words. It never repeats a call:
// whoever calls knows what may be repeated.

#include <algorithm>
#include <iterator>
#include <string>

#include "net/aws_credentials.h"
#include "provider/ec2/answers.h"

namespace bdaas::ec2 {

struct QueryOptions {
  std::string region;    // empty: the chain's
  std::string endpoint;  // empty: the chain's, else AWS's of the region
  Millis timeout{30'000};
  std::uint64_t answer_bytes_max = 64u << 20;  // a page of 1,000 instances has some 6 MiB
  int pages_max = 1'000;
};

// Thread-safe.
class Query {
 public:
  // All outlive it.
  Query(QueryOptions options, AwsCredentialChain& chain, HttpClient& http, const Clock& clock)
      : options_(std::move(options)), chain_(chain), http_(http), clock_(clock) {}

  // The answer's body. Kinds as errors.h has them; a reading call without an answer is
  // unavailable, a changing one unknown_outcome. A dry run that would be done is success with an
  // empty body.
  Result<std::string> call(const Form& form, CallKind kind);

  // All pages, or an error: never some.
  template <class Item>
  Result<std::vector<Item>> all(const Form& form) {
    std::vector<Item> items;
    std::string token;
    for (int page = 0; page < options_.pages_max; ++page) {
      Form asked = form;
      if (!token.empty()) asked.emplace_back("NextToken", token);
      BDAAS_ASSIGN(const auto body, call(asked, CallKind::reads));
      BDAAS_ASSIGN(auto part, parse_page(body, static_cast<const Item*>(nullptr)));
      std::ranges::move(part.items, std::back_inserter(items));
      if (part.next_token.empty()) return items;
      if (part.next_token == token) break;
      token = std::move(part.next_token);
    }
    return fail(ErrorKind::corrupted, "EC2's list does not come to an end");
  }

  Result<std::string> region();

 private:
  const QueryOptions options_;
  AwsCredentialChain& chain_;
  HttpClient& http_;
  const Clock& clock_;
};

}  // namespace bdaas::ec2
