#include "base/os_host.h"

#include <unistd.h>

#include <climits>

namespace bdaas {

std::string os_host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

}  // namespace bdaas
