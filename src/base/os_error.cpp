#include "base/os_error.h"

#include <cerrno>
#include <system_error>

namespace bdaas {

namespace {

constexpr std::size_t kPrintableBytesMax = 120;

// Length of the well-formed UTF-8 sequence at the front of bytes (RFC 3629), 0 when there is none.
std::size_t utf8_length(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = at(0);
  const std::size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                             : lead >= 0xE0 && lead <= 0xEF ? 3
                             : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                            : 0;
  if (length == 0 || bytes.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xE0 && at(1) < 0xA0) || (lead == 0xF0 && at(1) < 0x90);
  const bool outside = (lead == 0xED && at(1) > 0x9F) || (lead == 0xF4 && at(1) > 0x8F);
  return overlong || outside ? 0 : length;
}

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
    const bool ascii = byte >= 0x20 && byte < 0x7F;
    const std::size_t length = ascii ? 1 : utf8_length(rest);
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
