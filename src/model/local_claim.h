#pragma once
// Whose a loopback address is. The agent of a local node binds this port on its node's address for as long as it lives;
// a manager that looks for a free address takes none on which it cannot be bound.

#include <cstdint>

namespace bdaas {

inline constexpr std::uint16_t kLocalClaimPort = 7411;

}  // namespace bdaas
