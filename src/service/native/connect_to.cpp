#include "service/native/connect_to.h"

#include "base/socket_pair.h"

namespace bdaas {

Result<StreamSocket> connect_to(const ClusterEndpoints& endpoints, const HostPort& place,
                                const SocketOptions& options) {
  BDAAS_ASSIGN(const auto address, address_of(endpoints, place.host));
  const Dial& dial = endpoints.hosts->dial;
  if (!dial) return StreamSocket::connect(address, place.port, options);
  BDAAS_ASSIGN(auto pair, make_socket_pair());
  BDAAS_TRY(dial(std::move(pair.theirs), address, static_cast<std::uint16_t>(place.port),
                 options.connect_timeout));
  return StreamSocket::adopt(std::move(pair.ours), fmt::format("{}:{}", address, place.port),
                             options);
}

}  // namespace bdaas
