#include "transport/swarm/package_swarms.h"

namespace bdaas {

namespace {

constexpr Millis kCancelPoll{200};

}  // namespace

PackageSwarms::PackageSwarms(SshAgents& agents, const fs::path& packages, Entropy& entropy)
    : agents_(agents),
      manifests_(packages),
      loop_([this](const Machine& machine) { return agents_.open(machine, {"receive"}); }, packages,
            entropy) {}

Result<> PackageSwarms::carry(const Delivery& delivery, const std::atomic<bool>& cancel) {
  const auto& login = *delivery.machine.ssh;
  // Brings the agent, too.
  BDAAS_ASSIGN(const auto missing,
               ask_host<PackagesMissing>(
                   agents_, login, "packages",
                   PackagesQuestion{.base = base_of(delivery.machine), .names = delivery.names}));
  if (missing.names.empty()) return {};
  std::vector<PackageManifest> manifests;
  for (const auto& name : delivery.names) {
    BDAAS_ASSIGN(auto manifest, manifests_.manifest_of(name, cancel));
    manifests.push_back(std::move(manifest));
  }
  BDAAS_ASSIGN(auto map, ChunkMap::make(std::move(manifests)));
  auto brought = await(loop_.join(delivery, std::move(map)), cancel);
  if (brought) return {};
  if (brought.error().kind == ErrorKind::corrupted) {
    for (const auto& name : delivery.names) manifests_.forget(name);
  }
  return std::move(brought).context(
      fmt::format("cannot bring packages to {}@{}", login.host.user, login.host.address));
}

Result<> PackageSwarms::await(const SwarmLoop::Ticket& ticket, const std::atomic<bool>& cancel) {
  for (;;) {
    auto given = ticket->wait_until(std::chrono::steady_clock::now() + kCancelPoll);
    if (given) return *std::move(given);
    if (!cancel) continue;
    loop_.leave(ticket);
    return fail(ErrorKind::cancelled, "cancelled");
  }
}

}  // namespace bdaas
