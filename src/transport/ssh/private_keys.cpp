#include "transport/ssh/private_keys.h"

#include <sys/stat.h>

#include <array>

#include "base/os_error.h"

namespace bdaas {

namespace {

constexpr std::uint64_t kKeyBytesMax = 64 * 1024;
constexpr std::array<const char*, 3> kUsualNames{"id_ed25519", "id_ecdsa", "id_rsa"};

// Asked for a passphrase: there is nobody to type one. Without this, OpenSSL would ask the
// terminal.
int refuse_passphrase(const char*, char*, std::size_t, int, int, void* was_asked) {
  *static_cast<bool*>(was_asked) = true;
  return -1;
}

}  // namespace

Result<PrivateKey> load_private_key(const fs::path& path) {
  constexpr auto kKind = ErrorKind::invalid_argument;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return fail(kKind, "{}", os_error(errno, fmt::format("no key '{}'", path.native())).message);
  }
  if (!S_ISREG(status.st_mode)) return fail(kKind, "the key '{}' is no file", path.native());
  if ((status.st_mode & 0077) != 0) {
    return fail(kKind, "others may read the key '{}' (mode {:04o}): chmod 600 it", path.native(),
                status.st_mode & 07777);
  }
  const auto text = read_file(path, kKeyBytesMax);
  if (!text) return fail(kKind, "{}", text.error().message);
  bool was_asked = false;
  ssh_key key = nullptr;
  const int code =
      ssh_pki_import_privkey_base64(text->c_str(), nullptr, refuse_passphrase, &was_asked, &key);
  if (code == SSH_OK) return PrivateKey{path, {key, {}}};
  if (was_asked) {
    return fail(kKind, "the key '{}' has a passphrase: add it to ssh-agent (ssh-add)",
                path.native());
  }
  return fail(kKind, "'{}' holds no private key that can be read", path.native());
}

PrivateKeys load_usual_keys(const fs::path& ssh_dir) {
  PrivateKeys found;
  for (const auto* name : kUsualNames) {
    const auto path = ssh_dir / name;
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 && errno == ENOENT) continue;
    auto key = load_private_key(path);
    if (key) {
      found.keys.push_back(std::move(*key));
    } else {
      found.passed_over.push_back(key.error().message);
    }
  }
  return found;
}

}  // namespace bdaas
