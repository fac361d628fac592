#pragma once
// Logins as OpenSSH's programs need them: with a user, and with the keys that their hosts may show.

#include "transport/ssh/host_keys.h"

namespace bdaas {

// pinned: of KnownHosts. user: of hops without one. A hop of which no key is known has none: of a
// fingerprint the key is known once it was shown.
KnownSshLogin known_login(const SshLogin& login, const std::multimap<std::string, HostKey>& pinned,
                          const std::string& user);

}  // namespace bdaas
