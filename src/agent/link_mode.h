#pragma once
// `bdaas-agent link --dir DIR`: stdin and stdout joined with the socket of that directory's agent,
// so that a manager reaches it through an SSH channel, and no port is opened.

#include <string>

namespace bdaas {

// Until either side ends. Returns the process's exit code.
int run_link_mode(const std::string& dir);

}  // namespace bdaas
