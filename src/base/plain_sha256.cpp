// Of OpenSSL's interfaces the one that brings nothing but the algorithm; OpenSSL would rather have
// the one of digest.cpp used where that does not matter.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/plain_sha256.h"

#include <openssl/sha.h>

#include <array>

#include "base/hex.h"

namespace bdaas {

struct PlainSha256::State {
  SHA256_CTX context;
};

PlainSha256::PlainSha256() : state_(std::make_unique<State>()) { SHA256_Init(&state_->context); }
PlainSha256::~PlainSha256() = default;
PlainSha256::PlainSha256(PlainSha256&&) noexcept = default;
PlainSha256& PlainSha256::operator=(PlainSha256&&) noexcept = default;

void PlainSha256::update(std::string_view bytes) {
  SHA256_Update(&state_->context, bytes.data(), bytes.size());
}

std::string PlainSha256::hex() {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256_Final(digest.data(), &state_->context);
  return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace bdaas
