#pragma once
// `bdaas-agent receive --base BASE --package NAME`: a package out of stdin, see
// model/host_messages.h.

#include <string>

namespace bdaas {

// Returns the process's exit code.
int run_receive_mode(const std::string& base, const std::string& package);

}  // namespace bdaas
