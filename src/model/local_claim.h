#pragma once
// How processes and addresses are tied to a machine of the local provider. Shared by provider and
// agent.

#include <cstdint>
#include <string_view>

namespace bdaas {

// In the environment of the agent and of everything it starts: the lease. By it the provider finds
// what still runs of a machine, even when no agent lives. YARN hands it on to containers.
inline constexpr std::string_view kLeaseVariable = "BDAAS_LEASE";

// The agent binds (and never listens on) this TCP port of its machine's address for all its life.
// So no other manager or user of this computer takes the address: the provider gives out only
// addresses where the port is free.
inline constexpr std::uint16_t kLocalClaimPort = 17'917;

}  // namespace bdaas
