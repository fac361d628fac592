#include "cli/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/os_error.h"
#include "base/unique_fd.h"

namespace bdaas::cli {

namespace {

class FileSource final : public ByteSource {
 public:
  FileSource(UniqueFd fd, std::uint64_t length, std::string name)
      : fd_(std::move(fd)), length_(length), name_(std::move(name)) {}

  std::uint64_t length() const override { return length_; }

  Result<std::size_t> read(std::uint64_t offset, std::span<char> buffer) override {
    const auto wanted = std::min<std::uint64_t>(buffer.size(), length_ - std::min(offset, length_));
    std::size_t have = 0;
    while (have < wanted) {
      const ssize_t got = ::pread(fd_.get(), buffer.data() + have, wanted - have,
                                  static_cast<off_t>(offset + have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return os_error(errno, fmt::format("cannot read '{}'", name_));
      if (got == 0) {
        return fail(ErrorKind::invalid_argument, "'{}' became shorter while it was being sent",
                    name_);
      }
      have += static_cast<std::size_t>(got);
    }
    return have;
  }

 private:
  UniqueFd fd_;
  std::uint64_t length_;
  std::string name_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_file_source(const fs::path& path) {
  const auto name = printable(path.native());
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a pipe must not block
  if (!fd.valid()) return os_error(errno, fmt::format("cannot open '{}'", name));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return os_error(errno, fmt::format("cannot read '{}'", name));
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorKind::invalid_argument, "'{}' is no ordinary file", name);
  }
  return std::unique_ptr<ByteSource>(
      std::make_unique<FileSource>(std::move(fd), static_cast<std::uint64_t>(info.st_size), name));
}

}  // namespace bdaas::cli
