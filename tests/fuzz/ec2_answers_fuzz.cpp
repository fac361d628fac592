// Answers of EC2, which may be anybody's.

#include <vector>

#include "fuzz/fuzz.h"
#include "provider/ec2/answers.h"

namespace {

template <class Item>
void try_page(std::string_view text) {
  const auto page = bdaas::ec2::parse_page(text, static_cast<const Item*>(nullptr));
  bdaas::fuzz::require(page.ok() || page.error().kind == bdaas::ErrorKind::corrupted,
                       "what cannot be read is corrupted");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bdaas::ec2;
  const auto text = bdaas::fuzz::text_of(data, size);
  try_page<Instance>(text);
  try_page<InstanceType>(text);
  try_page<SecurityGroup>(text);
  static_cast<void>(parse_launched(text));
  static_cast<void>(error_of(parse_refusal(500, text), CallKind::changes, "fuzz"));
  return 0;
}
