#include "base/digest.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cassert>
#include <cerrno>
#include <vector>

#include "base/hex.h"
#include "base/os_error.h"
#include "base/unique_fd.h"

namespace bdaas {

namespace {

constexpr std::size_t kReadChunkBytes = 256 * 1024;

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

struct Digest::State {
  std::unique_ptr<EVP_MD_CTX, FreeContext> context{EVP_MD_CTX_new()};
};

Digest::Digest(DigestKind kind) : state_(std::make_unique<State>()) {
  const EVP_MD* const method = kind == DigestKind::sha1 ? EVP_sha1() : EVP_sha256();
  [[maybe_unused]] const int ok = EVP_DigestInit_ex(state_->context.get(), method, nullptr);
  assert(ok == 1);
}
Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::update(std::string_view bytes) {
  [[maybe_unused]] const int ok =
      EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size());
  assert(ok == 1);
}

std::string Digest::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  [[maybe_unused]] const int ok = EVP_DigestFinal_ex(state_->context.get(), digest.data(), &size);
  assert(ok == 1);
  return to_hex({reinterpret_cast<const char*>(digest.data()), size});
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::string digest(digest_bytes(DigestKind::sha256), 0);
  unsigned int size = 0;
  [[maybe_unused]] const auto* ok =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
           reinterpret_cast<unsigned char*>(digest.data()), &size);
  assert(ok != nullptr && size == digest.size());
  return digest;
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 digest;
  digest.update(bytes);
  return digest.hex();
}

Result<std::string> sha256_of_file(const std::filesystem::path& path,
                                   const std::function<bool()>& stop) {
  const auto failed = [&](int code) {
    return os_error(code, fmt::format("cannot read '{}'", printable(path.native())));
  };
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return failed(errno);
  ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  Sha256 digest;
  std::vector<char> buffer(kReadChunkBytes);
  for (;;) {
    if (stop()) return fail(ErrorKind::cancelled, "cancelled");
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got == 0) return digest.hex();
    if (got < 0 && errno != EINTR) return failed(errno);
    if (got > 0) digest.update({buffer.data(), static_cast<std::size_t>(got)});
  }
}

}  // namespace bdaas
