#pragma once
// Two connected stream sockets, one for each side of a boundary.

#include "base/result.h"
#include "base/unique_fd.h"

namespace bdaas {

struct SocketPair {
  UniqueFd ours;
  UniqueFd theirs;
};
Result<SocketPair> make_socket_pair();  // neither blocks

}  // namespace bdaas
