#include "stream/program_check.h"

#include <algorithm>

#include "base/files.h"
#include "base/os_error.h"
#include "base/utf8.h"
#include "stream/jar.h"

namespace bdaas {

namespace {

constexpr std::uint64_t kPythonBytesMax = 16 << 20;

Result<> check_python(const fs::path& file, std::string_view name) {
  BDAAS_ASSIGN(const auto text, read_file(file, kPythonBytesMax));
  if (!is_utf8(text) || text.find('\0') != text.npos) {
    return fail(ErrorKind::invalid_argument, "'{}' is no Python program: it is not UTF-8 text",
                printable(name));
  }
  if (text.find_first_not_of(" \t\r\n") == text.npos) {
    return fail(ErrorKind::invalid_argument, "'{}' has nothing but blank lines", printable(name));
  }
  return {};
}

}  // namespace

Result<ProgramKind> program_kind_of(std::string_view file_name) {
  if (file_name.size() > 4 && file_name.ends_with(".jar")) return ProgramKind::jar;
  if (file_name.size() > 3 && file_name.ends_with(".py")) return ProgramKind::python;
  return fail(ErrorKind::invalid_argument,
              "'{}' is no program that can be run; give a .py or a .jar file",
              printable(file_name));
}

Result<std::vector<std::string>> check_program(const fs::path& file, std::string_view name,
                                               ProgramKind kind) {
  if (kind == ProgramKind::jar) return main_classes_of_jar(file, name);
  BDAAS_TRY(check_python(file, name));
  return std::vector<std::string>();
}

}  // namespace bdaas
