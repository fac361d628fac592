#include "app/remote_place.h"

namespace bdaas {

namespace {

// Connecting, the exchange of keys and logging in come before it.
constexpr Millis kHelloTime{20'000};

}  // namespace

RemotePlace::RemotePlace(const Options& options, Entropy& entropy)
    : hosts_(SshOptions::from_environment(options.state_dir.known_hosts()), options.log),
      agents_(hosts_, options.agent_binary),
      packages_(agents_, fs::absolute(options.state_dir.packages()), entropy),
      links_([this](const Machine& machine) { return agents_.dial(machine); }, entropy,
             LinkLimits{.hello_time = kHelloTime}),
      provider_({.book = options.state_dir.loans(),
                 .installation = options.installation,
                 .user = options.user},
                agents_) {}

}  // namespace bdaas
