#include "net/ssh_key.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

#include "base/digest.h"

namespace bdaas {

namespace {

constexpr std::string_view kType = "ssh-ed25519";
constexpr std::size_t kKeyBytes = 32;

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

std::string number(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 255);
  return bytes;
}

// RFC 4251: length, then the bytes.
std::string field(std::string_view bytes) {
  return number(static_cast<std::uint32_t>(bytes.size())) + std::string(bytes);
}

using ReadKey = int (*)(const EVP_PKEY*, unsigned char*, std::size_t*);

Result<std::string> raw_key(const EVP_PKEY* key, ReadKey read) {
  std::string bytes(kKeyBytes, '\0');
  std::size_t size = bytes.size();
  if (read(key, reinterpret_cast<unsigned char*>(bytes.data()), &size) != 1 || size != kKeyBytes) {
    return fail(ErrorKind::internal, "OpenSSL does not give an Ed25519 key's bytes");
  }
  return bytes;
}

std::string private_file(std::string_view secret, std::string_view open, std::string_view comment) {
  const std::string public_part = field(kType) + field(open);
  // Twice the same number: a reader of an encrypted key sees by it that its passphrase is right.
  const std::string check(open.substr(0, 4));
  std::string inner =
      check + check + public_part + field(std::string(secret) + std::string(open)) + field(comment);
  for (char pad = 1; inner.size() % 8 != 0; ++pad) inner += pad;
  const std::string whole = std::string("openssh-key-v1") + '\0' + field("none") + field("none") +
                            field("") + number(1) + field(public_part) + field(inner);
  const std::string text = to_base64(whole);
  std::string file = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
  for (std::size_t at = 0; at < text.size(); at += 70) file += text.substr(at, 70) + '\n';
  return file + "-----END OPENSSH PRIVATE KEY-----\n";
}

bool is_of(std::string_view text, std::string_view more) {
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           more.find(c) != more.npos;
  });
}

}  // namespace

Result<SshKeyPair> make_ssh_key(std::string_view comment) {
  const std::unique_ptr<EVP_PKEY, FreeKey> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (!key) return fail(ErrorKind::internal, "OpenSSL makes no Ed25519 key");
  BDAAS_ASSIGN(const auto secret, raw_key(key.get(), &EVP_PKEY_get_raw_private_key));
  BDAAS_ASSIGN(const auto open, raw_key(key.get(), &EVP_PKEY_get_raw_public_key));
  return SshKeyPair{
      .private_key = Secret<std::string>(private_file(secret, open, comment)),
      .public_key = fmt::format("{} {} {}", kType, to_base64(field(kType) + field(open)), comment)};
}

bool is_ed25519_public_key(std::string_view line) {
  if (!line.starts_with(kType) || line.substr(kType.size(), 1) != " ") return false;
  line.remove_prefix(kType.size() + 1);
  const auto end = std::min(line.find(' '), line.size());
  const auto bytes = from_base64(line.substr(0, end));
  const bool right = bytes.ok() && bytes->starts_with(field(kType)) &&
                     bytes->size() == field(kType).size() + 4 + kKeyBytes;
  return right && (end == line.size() || is_of(line.substr(end + 1), "@._-"));
}

}  // namespace bdaas
