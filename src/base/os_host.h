#pragma once

#include <string>

namespace bdaas {

// What gethostname(2) says here: a JVM looks it up first of all. "localhost" when it says nothing.
std::string os_host_name();

}  // namespace bdaas
