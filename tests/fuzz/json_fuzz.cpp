// JSON of requests: specs that were taken are taken again when they are written. Of other values
// that is not asked: Boost.JSON reads 1e999999 as infinity, and many digits to the next double but
// one.

#include <vector>

#include "base/json.h"
#include "fuzz/fuzz.h"
#include "model/nouns.h"

namespace {

template <typename Spec>
void try_spec(const bdaas::json::value& value) {
  const auto spec = bdaas::from_json<Spec>(value, "body");
  if (!spec.ok()) return;
  const auto again = bdaas::from_json<Spec>(bdaas::to_json(*spec), "body");
  bdaas::fuzz::require(again.ok(), "a spec that was taken is taken again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = bdaas::parse_json(bdaas::fuzz::text_of(data, size));
  if (!value.ok()) return 0;
  static_cast<void>(bdaas::write_json(*value));
  try_spec<bdaas::ClusterSpec>(*value);
  try_spec<bdaas::StepSpec>(*value);
  try_spec<bdaas::JobSpec>(*value);
  return 0;
}
