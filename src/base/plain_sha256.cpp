// Of OpenSSL's interfaces the one that brings nothing but the algorithm; OpenSSL would rather have
// the one of digest.cpp used where that does not matter.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/plain_sha256.h"

#include <openssl/sha.h>

#include <array>

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
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256_Final(digest.data(), &state_->context);
  std::string text;
  text.reserve(2 * digest.size());
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace bdaas
