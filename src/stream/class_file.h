#pragma once
// Just enough of a class file to know whether java could start it: The Java Virtual Machine
// Specification, Java SE 17 Edition, chapter 4. Pure; any bytes may come.

#include <optional>
#include <string>
#include <string_view>

namespace bdaas {

struct ClassFile {
  std::string name;       // "org/example/WordCount"
  bool has_main = false;  // public static void main(String[])
};

// Nothing when the bytes are no class file, or a damaged one.
std::optional<ClassFile> parse_class_file(std::string_view bytes);

}  // namespace bdaas
