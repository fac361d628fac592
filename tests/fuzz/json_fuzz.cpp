// JSON of requests: what is read and written again reads the same; specs never take nonsense.

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
  const std::string text = bdaas::write_json(*value);
  const auto again = bdaas::parse_json(text);
  bdaas::fuzz::require(again.ok() && bdaas::write_json(*again) == text, "JSON survives its text");
  try_spec<bdaas::ClusterSpec>(*value);
  try_spec<bdaas::StepSpec>(*value);
  try_spec<bdaas::JobSpec>(*value);
  return 0;
}
