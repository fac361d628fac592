#pragma once
// How a machine is logged in to by SSH.

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "base/fields.h"

namespace bdaas {

// One sshd on the way to a machine, or the machine's own.
struct SshHop {
  std::string address;  // name or number
  std::int64_t port = 22;
  std::string user;
  // "ssh-ed25519 AAAA…", as in known_hosts, or a fingerprint "SHA256:…"; any other key is refused.
  // Empty: what it shows first is pinned, for this installation.
  std::string host_key;

  bool operator==(const SshHop&) const = default;
  auto operator<=>(const SshHop&) const = default;

  static constexpr auto fields() {
    return std::tuple{
        required("address", &SshHop::address, "name or number of the host"),
        optional("port", &SshHop::port, "default 22"),
        optional("user", &SshHop::user, "log-in name; default: who runs the manager"),
        optional("host_key", &SshHop::host_key,
                 "the only key it may show: ssh-ed25519 AAAA…, or SHA256:…; default: the one it "
                 "shows first")};
  }
};

struct SshLogin {
  SshHop host;
  std::vector<SshHop> jumps;  // passed through in this order
  // Of the private key, on the manager's machine; empty: the agent of SSH_AUTH_SOCK, then the usual
  // names in ~/.ssh. Keys with a passphrase work through that agent only.
  std::string key_file;

  bool operator==(const SshLogin&) const = default;
  auto operator<=>(const SshLogin&) const = default;

  static constexpr auto fields() {
    return std::tuple{
        required("host", &SshLogin::host, "its own sshd"),
        optional("jumps", &SshLogin::jumps, "hosts to go through, in order"),
        optional("key_file", &SshLogin::key_file,
                 "private key, on the manager's machine; default: ssh-agent, then ~/.ssh")};
  }
};

// A hop with all that a client needs who asks nobody.
struct KnownSshHop {
  std::string address;
  std::int64_t port = 22;
  std::string user;
  std::vector<std::string> host_keys;  // "ssh-ed25519 AAAA…"; none: no key of it was seen yet

  bool operator==(const KnownSshHop&) const = default;

  static constexpr auto fields() {
    return std::tuple{
        required("address", &KnownSshHop::address, "name or number of the host"),
        required("port", &KnownSshHop::port, ""),
        required("user", &KnownSshHop::user, "log-in name"),
        required("host_keys", &KnownSshHop::host_keys,
                 "ssh-ed25519 AAAA…, those it may show: of its login, else as they are pinned")};
  }
};

// A login for OpenSSH's programs.
struct KnownSshLogin {
  KnownSshHop host;
  std::vector<KnownSshHop> jumps;
  std::string key_file;

  bool operator==(const KnownSshLogin&) const = default;

  static constexpr auto fields() {
    return std::tuple{
        required("host", &KnownSshLogin::host, "its own sshd"),
        optional("jumps", &KnownSshLogin::jumps, "hosts to go through, in order"),
        optional("key_file", &KnownSshLogin::key_file,
                 "path of the private key, on the manager's machine; empty: ssh-agent, then "
                 "~/.ssh")};
  }
};

// A host that a user lends: one machine of a cluster at a time.
struct SshHost {
  SshLogin login;
  // Where its services listen, for the other hosts; numeric. Default: the address by which its sshd
  // was reached, as the host itself sees it.
  std::string private_address;
  // Where everything of ours lies there; the same on all hosts of a cluster. Default:
  // /var/tmp/bdaas-<installation>.
  std::string dir;

  bool operator==(const SshHost&) const = default;

  static constexpr auto fields() {
    return std::tuple{
        required("login", &SshHost::login, "how it is logged in to"),
        optional("private_address", &SshHost::private_address,
                 "numeric, where its services listen for the other hosts; default: the address by "
                 "which its sshd was reached"),
        optional("dir", &SshHost::dir,
                 "everything of ours lies below it; default: /var/tmp/bdaas-<installation>")};
  }
};

}  // namespace bdaas
