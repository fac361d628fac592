#pragma once
// The file of --hosts, in TOML:
//
//   user = "ubuntu"              # what stands above the hosts counts for all of them
//   key = "~/.ssh/id_ed25519"    # relative to the file; default: ssh-agent, then ~/.ssh
//   jump = "ann@gate.example.org:2222"    # or a list, passed through in its order
//   dir = "/data/bdaas"          # everything of ours lies below it
//
//   [[host]]                     # the master
//   address = "10.0.0.5"
//
//   [[host]]
//   address = "worker.example.org"
//   port = 2222
//   user = "admin"
//   private_address = "192.168.1.6"       # where its services listen for the other hosts
//   host_key = "SHA256:…"                 # the only key it may show

#include <filesystem>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/ssh_login.h"

namespace bdaas::cli {

// invalid_argument names the line. `file`: for messages, and for relative paths of keys.
Result<std::vector<SshHost>> parse_hosts(std::string_view text, const std::filesystem::path& file);

Result<std::vector<SshHost>> read_hosts(const std::filesystem::path& file);

}  // namespace bdaas::cli
