#pragma once
// How OpenSSH's programs are called for a node: their argv, from its login. Pure, but for
// write_known_hosts(). They take nothing from ~/.ssh/config: a login says all of itself.

#include <map>
#include <string>
#include <vector>

#include "base/files.h"
#include "model/ssh_login.h"

namespace bdaas::cli {

using Words = std::vector<std::string>;

struct SshTarget {
  std::string name;  // by which ssh speaks of it: "worker-1"
  KnownSshLogin login;
};

// In the format of known_hosts, what its hosts may show and nothing else: the jumps as jump-1,
// jump-2, …, the machine by its name. failed_precondition: no key of one of them is known.
Result<std::string> known_hosts_text(const SshTarget& target);

// The text in a file below dir, named by what is in it, so that calls at once do not disturb each
// other; what has not been used for a day goes. Its path.
Result<fs::path> write_known_hosts(const fs::path& dir, const std::string& text);

// What ssh and scp need before everything else; then the machine is called target.name.
// invalid_argument: a name that cannot be handed to them.
Result<Words> ssh_options(const SshTarget& target, const fs::path& known_hosts);

// Runs argv in a directory, with more environment; without argv a shell for people. For a machine
// behind SSH it is quoted once more, for the shell there.
Words words_in(const std::string& dir, const std::map<std::string, std::string>& env,
               const Words& argv);

// How scp reads the path of a file there: releases before 8.7 hand it to a shell; later ones speak
// SFTP, and read only what they fetch as a pattern.
enum class ScpWay { shell, sftp };

// version: what `ssh -V` prints. One that cannot be read counts as a new one.
ScpWay scp_way_of(std::string_view version);

// "worker-1:/tmp/x", as that scp reads it.
std::string scp_source(const std::string& name, const std::string& path, ScpWay way);
std::string scp_target(const std::string& name, const std::string& path, ScpWay way);

// A path of this computer, which is neither an option nor a node to scp or cp.
std::string local_path(const std::string& path);

}  // namespace bdaas::cli
