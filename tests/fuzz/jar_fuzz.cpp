// Jars of strangers: zip, manifest, class files.

#include <vector>

#include "fuzz/fuzz.h"
#include "stream/jar.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bdaas::fuzz::MemoryFile jar(bdaas::fuzz::text_of(data, size));
  bdaas::JarLimits limits;
  limits.bytes_max = 1 << 20;
  limits.class_file_bytes_max = 1 << 16;
  static_cast<void>(bdaas::main_classes_of_jar(jar.path(), "x.jar", limits));
  return 0;
}
