#pragma once
// A directory of one's own (0700) that goes away with its owner. For staging, and for tests.

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/files.h"
#include "base/os_error.h"

namespace bdaas {

class TempDir {
 public:
  // Below `parent`, default: the system's place for temporary files ($TMPDIR).
  static Result<TempDir> make(const fs::path& parent = fs::temp_directory_path()) {
    std::string pattern = (parent / "bdaas-XXXXXX").native();
    if (::mkdtemp(pattern.data()) == nullptr) {
      return os_error(errno, fmt::format("cannot make a directory in '{}'", parent.native()));
    }
    return TempDir(pattern);
  }

  TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TempDir& operator=(TempDir&&) = delete;
  ~TempDir() {
    if (!path_.empty()) (void)remove_tree(path_);  // what cannot be removed stays in /tmp, harmless
  }

  const fs::path& path() const { return path_; }

 private:
  explicit TempDir(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

}  // namespace bdaas
