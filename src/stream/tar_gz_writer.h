#pragma once
// Writes one .tar.gz, file after file, and sums up as it goes. Equal input gives equal bytes:
// owners are 0, all times are the one that is given. On libarchive; one thread at a time.

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/digest.h"
#include "base/unique_fd.h"

namespace bdaas {

class TarGzWriter {
 public:
  // fd: where the archive goes, from the present position on. what: for messages, for example a
  // path.
  static Result<std::unique_ptr<TarGzWriter>> open(UniqueFd fd, std::string what, Time mtime);
  ~TarGzWriter();  // what was not finished is no archive

  // resource_exhausted: the disk is full. name: relative, checked here too.
  Result<> begin_file(const std::string& name, std::int64_t bytes);
  Result<> write(std::string_view bytes);
  // The SHA-256 of the file. corrupted: more or fewer bytes came than begin_file() announced.
  Result<std::string> end_file();

  struct Written {
    std::string sha256;  // of the archive
    std::int64_t bytes = 0;
  };
  // On disk when it returns.
  Result<Written> finish();

  struct State;  // opaque; libarchive's callback gets it

 private:
  explicit TarGzWriter(std::unique_ptr<State> state);
  Error failure() const;

  std::unique_ptr<State> state_;
};

}  // namespace bdaas
