#pragma once
// What a user names on the command line, checked before anything is started or sent.

#include <optional>

#include "cli/byte_source.h"
#include "model/nouns.h"

namespace bdaas::cli {

struct LocalProgram {
  fs::path path;
  std::string name;  // file name
  ProgramKind kind = ProgramKind::python;
  std::string sha256;
  std::uint64_t bytes = 0;
};

struct LocalData {
  std::string name;  // base name of what was given
  DataShape shape = DataShape::file;
  std::uint64_t content_bytes = 0;
  std::uint64_t files = 1;
  std::string path;  // absolute, of a file; empty: a directory, or no UTF-8
  std::unique_ptr<ByteSource> source;
};

// A readable, not empty .py or .jar; a .jar must begin as a zip does.
Result<LocalProgram> check_program(const fs::path& path);

// A readable file with at least one byte, or a directory with one (see tar_source.h).
Result<LocalData> check_data(const fs::path& path);

// Where the archive shall go: no directory, inside a directory that can be written.
Result<> check_output(const fs::path& path);

// The argument is an id of this kind ("d-4k2m9x0p1qzr") and no file has that name.
template <class IdType>
std::optional<IdType> as_id(const std::string& argument);

bool looks_like_id(std::string_view text, std::string_view prefix);

template <class IdType>
std::optional<IdType> as_id(const std::string& argument) {
  std::error_code ignored;  // what cannot be looked at is no file of that name
  if (!looks_like_id(argument, IdType::tag::prefix) || fs::exists(argument, ignored)) return {};
  return IdType{argument};
}

}  // namespace bdaas::cli
