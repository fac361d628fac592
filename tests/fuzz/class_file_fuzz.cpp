// Class files out of strangers' jars.

#include <vector>

#include "fuzz/fuzz.h"
#include "stream/class_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(bdaas::parse_class_file(bdaas::fuzz::text_of(data, size)));
  return 0;
}
