#include "app/remote_place.h"

#include "transport/ssh/known_login.h"

namespace bdaas {

namespace {

// Connecting, the exchange of keys and logging in come before it.
constexpr Millis kHelloTime{20'000};

}  // namespace

RemotePlace::RemotePlace(const Options& options, Entropy& entropy)
    : known_hosts_(options.state_dir.known_hosts()),
      user_(options.user),
      hosts_(SshOptions::from_environment(options.state_dir.known_hosts()), options.log),
      agents_(hosts_, options.agent_binary),
      packages_(agents_, fs::absolute(options.state_dir.packages()), entropy),
      links_([this](const Machine& machine) { return agents_.dial(machine); }, entropy,
             LinkLimits{.hello_time = kHelloTime}),
      provider_({.book = options.state_dir.loans(),
                 .installation = options.installation,
                 .user = options.user},
                agents_) {}

Result<std::vector<KnownSshLogin>> RemotePlace::known_logins(
    const std::vector<SshLogin>& logins) const {
  BDAAS_ASSIGN(const auto pinned, KnownHosts(known_hosts_).all());
  std::vector<KnownSshLogin> known;
  known.reserve(logins.size());
  for (const auto& login : logins) known.push_back(known_login(login, pinned, user_));
  return known;
}

}  // namespace bdaas
