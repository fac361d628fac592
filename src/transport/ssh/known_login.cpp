#include "transport/ssh/known_login.h"

namespace bdaas {

namespace {

// login.host, behind login.jumps.
std::vector<std::string> host_keys_of(const SshLogin& login,
                                      const std::multimap<std::string, HostKey>& pinned) {
  const auto& wanted = login.host.host_key;
  if (const auto key = parse_host_key(wanted)) return {key->type + " " + key->base64};
  std::vector<std::string> keys;
  const auto [begin, end] = pinned.equal_range(pin_name(login));
  for (auto at = begin; at != end; ++at) {
    const auto& key = at->second;
    if (!wanted.empty() && !check_host_key(wanted, key)) continue;
    keys.push_back(key.type + " " + key.base64);
  }
  return keys;
}

}  // namespace

KnownSshLogin known_login(const SshLogin& login, const std::multimap<std::string, HostKey>& pinned,
                          const std::string& user) {
  KnownSshLogin known{.host = {}, .jumps = {}, .key_file = login.key_file};
  SshLogin on_the_way;
  const auto reach = [&](const SshHop& hop) {
    on_the_way.host = hop;
    return KnownSshHop{hop.address, hop.port, hop.user.empty() ? user : hop.user,
                       host_keys_of(on_the_way, pinned)};
  };
  for (const auto& jump : login.jumps) {
    known.jumps.push_back(reach(jump));
    on_the_way.jumps.push_back(jump);
  }
  known.host = reach(login.host);
  return known;
}

}  // namespace bdaas
