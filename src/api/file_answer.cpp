#include "api/file_answer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "api/answers.h"
#include "api/http_text.h"
#include "base/os_error.h"
#include "base/unique_fd.h"

namespace bdaas::api {

namespace {

constexpr std::uint64_t kPieceBytes = 256 * 1024;

class FileSource final : public BodySource {
 public:
  FileSource(UniqueFd fd, std::uint64_t offset, std::uint64_t bytes)
      : fd_(std::move(fd)), offset_(offset), left_(bytes) {}

  BodyPiece pull() override {
    BodyPiece piece;
    piece.bytes.resize(static_cast<std::size_t>(std::min(left_, kPieceBytes)));
    const auto got =
        ::pread(fd_.get(), piece.bytes.data(), piece.bytes.size(), static_cast<off_t>(offset_));
    if (got < 0 || (got == 0 && left_ > 0)) return {.broken = true};
    piece.bytes.resize(static_cast<std::size_t>(got));
    offset_ += piece.bytes.size();
    left_ -= piece.bytes.size();
    piece.end = left_ == 0;
    return piece;
  }

 private:
  UniqueFd fd_;
  std::uint64_t offset_;
  std::uint64_t left_;
};

// RFC 6266 with RFC 8187: any name, in ASCII.
std::string disposition(std::string_view name) {
  std::string encoded;
  for (const char c : name) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '.' || c == '-' || c == '_';
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return "attachment; filename*=UTF-8''" + encoded;
}

}  // namespace

Result<HttpResponse> answer_with_file(const HttpRequest& request, const FileAnswer& file) {
  UniqueFd fd(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat facts {};
  if (!fd.valid() || ::fstat(fd.get(), &facts) != 0) {
    return os_error(errno, fmt::format("the content of '{}' cannot be read", file.name));
  }
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  const auto tag = fmt::format("\"{}\"", file.sha256);
  ByteRange range;
  auto verdict = RangeVerdict::whole;
  const auto only_if = request.header("if-range");
  if (const auto header = request.header("range"); header && (!only_if || *only_if == tag)) {
    verdict = parse_range(*header, size, range);
  }
  HttpResponse response;
  if (verdict == RangeVerdict::unsatisfiable) {
    response = error_response(416, fail(ErrorKind::invalid_argument,
                                        "the content has {} bytes; the range lies outside", size));
    response.headers.emplace_back("Content-Range", fmt::format("bytes */{}", size));
    return response;
  }
  if (verdict == RangeVerdict::whole) range = {0, size == 0 ? 0 : size - 1};
  const auto bytes = size == 0 ? 0 : range.last - range.first + 1;
  response.headers = {{"Content-Type", file.media},
                      {"Accept-Ranges", "bytes"},
                      {"ETag", tag},
                      {"Content-Disposition", disposition(file.name)}};
  if (verdict == RangeVerdict::part) {
    response.status = 206;
    response.headers.emplace_back("Content-Range",
                                  fmt::format("bytes {}-{}/{}", range.first, range.last, size));
  }
  response.length = bytes;
  response.source = std::make_unique<FileSource>(std::move(fd), range.first, bytes);
  return response;
}

}  // namespace bdaas::api
