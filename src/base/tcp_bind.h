#pragma once
// A TCP socket bound to an IPv4 address and a port, not listening. While it is open, nobody else on
// this computer can bind the same.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace bdaas {

// conflict: taken. Port 0: any free one. The descriptor is closed on exec.
Result<UniqueFd> bind_tcp(const std::string& address, std::uint16_t port);

}  // namespace bdaas
