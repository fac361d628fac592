#pragma once
// One manager's state directory: who it is, its token, and the lock that keeps a second manager
// out.

#include "base/json.h"
#include "base/secret.h"
#include "base/state_dir.h"
#include "base/unique_fd.h"
#include "model/ids.h"

namespace bdaas {

struct Installation {
  StateDir dir;
  InstallationId id;
  Secret<std::string> token;  // of the one local user
  UniqueFd lock;              // held as long as the manager lives
};

// Makes what is missing: directories (0700), installation id, token (0600).
// conflict: another manager holds the directory.
Result<Installation> open_installation(const StateDir& dir, Entropy& entropy);

}  // namespace bdaas
