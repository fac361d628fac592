#pragma once
// The key an sshd shows, and what it is compared with: the key of its login, or the one that was
// pinned in a file of this installation when it was seen first (OpenSSH's known_hosts format).

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "model/ssh_login.h"

namespace bdaas {

struct HostKey {
  std::string type;    // "ssh-ed25519"
  std::string base64;  // "AAAA…", which holds the type again

  std::string fingerprint() const;  // "SHA256:…", as ssh-keygen -l prints it
  bool operator==(const HostKey&) const = default;
};

// "ssh-ed25519 AAAA… comment", whose two halves must fit. invalid_argument.
Result<HostKey> parse_host_key(std::string_view text);

// By the key's own bytes, base64. corrupted.
Result<HostKey> host_key_of(std::string_view base64);

// `wanted`: what SshHop::host_key holds, not empty. permission_denied: another key is shown;
// invalid_argument: it is neither a key nor a fingerprint.
Result<> check_host_key(std::string_view wanted, const HostKey& shown);

// The name under which the key of its host is pinned. The same private address behind another jump
// is another machine.
std::string pin_name(const SshLogin& login);

// For SSH_OPTIONS_HOSTKEYS: all we take, those of the known keys first, so that a server that got
// more keys meanwhile shows the known one.
std::string host_key_algorithms(const std::vector<HostKey>& known);

// A file that several processes read and add to. Blocking, but for small files only; any thread.
class KnownHosts {
 public:
  explicit KnownHosts(fs::path path) : path_(std::move(path)) {}

  // None where the file is absent. Lines that are no entry are passed over.
  Result<std::vector<HostKey>> find(const std::string& host) const;

  // Of all hosts.
  Result<std::multimap<std::string, HostKey>> all() const;

  // Adds a key that was checked in another way: by a fingerprint, which cannot give the key back.
  Result<> note(const std::string& host, const HostKey& shown) const;

  // The first key of a host is pinned, any other refused: permission_denied, with what to do.
  Result<> accept(const std::string& host, const HostKey& shown) const;

 private:
  // Adds a line unless `is_enough` says of the host's keys that there is no need to.
  template <class IsEnough>
  Result<> add(const std::string& host, const HostKey& shown, const IsEnough& is_enough) const;

  fs::path path_;
};

}  // namespace bdaas
