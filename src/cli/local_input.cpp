#include "cli/local_input.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/digest.h"
#include "base/os_error.h"
#include "base/utf8.h"
#include "cli/tar_source.h"

namespace bdaas::cli {

namespace {

constexpr std::string_view kZipMagic = "PK\x03\x04";

std::string shown(const fs::path& path) { return printable(path.native()); }

Result<fs::file_status> status_of(const fs::path& path, std::string_view what) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    // Bad input, not exit code 4: that one is for what the manager does not know.
    return fail(ErrorKind::invalid_argument, "the {} '{}' does not exist", what, shown(path));
  }
  if (error) {
    return os_error(error.value(), fmt::format("cannot read the {} '{}'", what, shown(path)));
  }
  return status;
}

// The last part of a path as a person would name it: "more/" is more, "." is the directory's own
// name.
Result<std::string> base_name(const fs::path& path) {
  std::error_code error;
  auto name = path.filename();
  if (name.empty() || name == "." || name == "..") name = fs::canonical(path, error).filename();
  if (name.empty()) name = "data";  // of "/"
  if (!is_utf8(name.native())) {
    return fail(ErrorKind::invalid_argument, "'{}' has a name that is not UTF-8", shown(path));
  }
  return name.native();
}

// What cannot be read is bad input here, whatever the operating system calls it.
Error as_bad_input(Error error) {
  error.kind = ErrorKind::invalid_argument;
  return error;
}

}  // namespace

bool looks_like_id(std::string_view text, std::string_view prefix) {
  constexpr std::size_t kCharacters = 12;
  if (text.size() != prefix.size() + 1 + kCharacters || !text.starts_with(prefix) ||
      text[prefix.size()] != '-') {
    return false;
  }
  const auto tail = text.substr(prefix.size() + 1);
  return std::all_of(tail.begin(), tail.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

Result<LocalProgram> check_program(const fs::path& path) {
  BDAAS_ASSIGN(const auto status, status_of(path, "program"));
  if (fs::is_directory(status)) {
    return fail(ErrorKind::invalid_argument,
                "the program '{}' is a directory; name a .py or a .jar", shown(path));
  }
  LocalProgram program;
  program.path = path;
  BDAAS_ASSIGN(program.name, base_name(path));
  const auto extension = path.extension();
  if (extension != ".py" && extension != ".jar") {
    return fail(ErrorKind::invalid_argument,
                "the program '{}' is neither a Python file (.py) nor a Java archive (.jar)",
                shown(path));
  }
  program.kind = extension == ".jar" ? ProgramKind::jar : ProgramKind::python;
  auto source = open_file_source(path);
  if (!source) return as_bad_input(std::move(source).error());
  program.bytes = (*source)->length();
  if (program.bytes == 0) {
    return fail(ErrorKind::invalid_argument, "the program '{}' is empty", shown(path));
  }
  std::array<char, kZipMagic.size()> magic{};
  BDAAS_ASSIGN(const auto got, (*source)->read(0, magic));
  if (program.kind == ProgramKind::jar && std::string_view(magic.data(), got) != kZipMagic) {
    return fail(ErrorKind::invalid_argument,
                "the program '{}' is no Java archive: it does not begin as a zip file does",
                shown(path));
  }
  BDAAS_ASSIGN(program.sha256, sha256_of_file(path));
  return program;
}

Result<LocalData> check_data(const fs::path& path) {
  BDAAS_ASSIGN(const auto status, status_of(path, "data"));
  LocalData data;
  BDAAS_ASSIGN(data.name, base_name(path));
  if (data.name.find(':') != std::string::npos) {
    return fail(ErrorKind::invalid_argument,
                "'{}' has a ':' in its name, which HDFS does not take; rename it", shown(path));
  }
  if (fs::is_directory(status)) {
    auto tar = TarSource::open(path);
    if (!tar) return as_bad_input(std::move(tar).error());
    data.shape = DataShape::tree;
    data.content_bytes = (*tar)->content_bytes();
    data.files = (*tar)->files();
    data.source = std::move(tar).value();
    return data;
  }
  auto source = open_file_source(path);
  if (!source) return as_bad_input(std::move(source).error());
  data.content_bytes = (*source)->length();
  if (data.content_bytes == 0) {
    return fail(ErrorKind::invalid_argument, "the data '{}' is empty", shown(path));
  }
  data.source = std::move(source).value();
  std::error_code error;
  const auto absolute = fs::absolute(path, error);
  if (!error && is_utf8(absolute.native())) data.path = absolute;
  return data;
}

Result<> check_output(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    return fail(ErrorKind::invalid_argument, "the output '{}' is a directory; name a file",
                shown(path));
  }
  const auto parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (::access(parent.c_str(), W_OK | X_OK) != 0) {
    return as_bad_input(
        os_error(errno, fmt::format("cannot write into the directory '{}'", shown(parent))));
  }
  return {};
}

}  // namespace bdaas::cli
