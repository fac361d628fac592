#pragma once
// Ed25519 keys as OpenSSH keeps them: a user's, or a host's. The private one is written in
// OpenSSH's own format (PROTOCOL.key of its sources): sshd of today's distributions reads ed25519
// in no other.

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace bdaas {

struct SshKeyPair {
  Secret<std::string> private_key;  // a file's content, without passphrase
  std::string public_key;           // "ssh-ed25519 AAAA… comment", without a line break
};

// comment: printable ASCII without blanks.
Result<SshKeyPair> make_ssh_key(std::string_view comment);

// "ssh-ed25519 AAAA…" and nothing else that a shell or a file of keys could read otherwise.
bool is_ed25519_public_key(std::string_view line);

}  // namespace bdaas
