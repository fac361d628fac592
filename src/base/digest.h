#pragma once
// SHA-1, SHA-256 and HMAC (by OpenSSL), and base64.

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bdaas {

enum class DigestKind {
  sha1,  // only to find damage in what others send with it: it can be forged
  sha256,
};
constexpr auto enum_table(DigestKind) {
  return enum_rows<DigestKind>({{DigestKind::sha1, "sha1"}, {DigestKind::sha256, "sha256"}});
}
constexpr std::size_t digest_bytes(DigestKind kind) { return kind == DigestKind::sha1 ? 20 : 32; }

// Incremental; one owner, one thread at a time.
class Digest {
 public:
  explicit Digest(DigestKind kind);
  ~Digest();
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;
  void update(std::string_view bytes);
  std::string hex();  // ends it; two lower-case digits a byte

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class Sha256 : public Digest {
 public:
  Sha256() : Digest(DigestKind::sha256) {}
};

std::string sha256_hex(std::string_view bytes);
// stop: asked between pieces; then cancelled.
Result<std::string> sha256_of_file(
    const std::filesystem::path& path, const std::function<bool()>& stop = [] { return false; });

// 32 bytes as they are (RFC 2104).
std::string hmac_sha256(std::string_view key, std::string_view bytes);

std::string to_base64(std::string_view bytes);
Result<std::string> from_base64(std::string_view text);

}  // namespace bdaas
