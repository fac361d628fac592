#include "base/os_error.h"

#include <cerrno>
#include <system_error>

#include "base/utf8.h"

namespace bdaas {

namespace {

constexpr std::size_t kPrintableBytesMax = 120;

}  // namespace

ErrorKind kind_of_errno(int code) {
  switch (code) {
    case ENOENT:
      return ErrorKind::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::permission_denied;
    case EEXIST:
    case ENOTEMPTY:
      return ErrorKind::conflict;
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EAGAIN:
      return ErrorKind::resource_exhausted;
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case EINVAL:
      return ErrorKind::invalid_argument;
    default:
      return ErrorKind::internal;
  }
}

Error os_error(int code, std::string_view what) {
  return fail(kind_of_errno(code), "{}: {}", what, std::generic_category().message(code));
}

std::string printable(std::string_view bytes) {
  std::string text;
  std::string_view rest = bytes.substr(0, kPrintableBytesMax);
  while (!rest.empty()) {
    const auto byte = static_cast<unsigned char>(rest[0]);
    const bool control = byte < 0x20 || byte == 0x7F;
    const std::size_t length = control ? 0 : utf8_length(rest);
    if (length == 0) {
      text += fmt::format("\\x{:02x}", byte);
    } else {
      text += rest.substr(0, length);
    }
    rest.remove_prefix(length == 0 ? 1 : length);
  }
  if (bytes.size() > kPrintableBytesMax) text += "…";
  return text;
}

}  // namespace bdaas
