// Tars of strangers: no name leaves its directory, sizes are what the entries hold.

#include <vector>

#include "fuzz/fuzz.h"
#include "stream/tree_check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bdaas::fuzz::MemoryFile tar(bdaas::fuzz::text_of(data, size));
  const auto summary = bdaas::check_tree(tar.path(), "x.tar");
  if (!summary.ok()) return 0;
  bdaas::fuzz::require(summary->bytes > 0 && summary->bytes <= static_cast<std::int64_t>(size),
                       "files are not larger than their archive");
  return 0;
}
