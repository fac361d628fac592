#pragma once
// The private keys that a login may try, read into memory. Blocking, but for small files only; any
// thread.

#include <libssh/libssh.h>

#include <memory>
#include <string>
#include <vector>

#include "base/files.h"

namespace bdaas {

struct SshKeyFree {
  void operator()(ssh_key key) const { ssh_key_free(key); }
};

struct PrivateKey {
  fs::path path;
  std::unique_ptr<ssh_key_struct, SshKeyFree> key;
};

// invalid_argument: absent, readable by others, with a passphrase, or no key.
Result<PrivateKey> load_private_key(const fs::path& path);

struct PrivateKeys {
  std::vector<PrivateKey> keys;
  std::vector<std::string> passed_over;  // what lies there and is of no use, and why
};

// The usual names below `ssh_dir`, as far as they are there.
PrivateKeys load_usual_keys(const fs::path& ssh_dir);

}  // namespace bdaas
