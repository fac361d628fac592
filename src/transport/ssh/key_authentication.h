#pragma once
// Logging in by keys, and by nothing else: no password, no question to anybody. First the keys that
// ssh-agent holds, then those of files. Step by step; one owner, one thread.
//
// A talk with ssh-agent itself blocks: one that asks its user for leave (ssh-add -c) holds the
// thread up.

#include <libssh/libssh.h>

#include <string>
#include <string_view>

#include "transport/ssh/private_keys.h"

namespace bdaas {

class KeyAuthentication {
 public:
  // agent_socket: empty where no agent is to be asked. account: "user@address", for the words.
  KeyAuthentication(PrivateKeys keys, std::string agent_socket, std::string account);

  // True: logged in. False: call it again when something has come. unauthenticated: no key was
  // taken; says which were tried. unavailable: the connection broke.
  Result<bool> step(ssh_session session);

 private:
  int try_present(ssh_session session);
  Error refused(std::string_view words) const;

  PrivateKeys keys_;
  std::string agent_socket_;
  std::string account_;
  std::size_t present_ = 0;  // 0: the agent, n: keys_.keys[n - 1]
};

}  // namespace bdaas
