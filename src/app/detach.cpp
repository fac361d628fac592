#include "app/detach.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace bdaas {

bool go_to_background() {
  if (::fork() != 0) return false;
  ::setsid();
  return true;
}

void leave_terminal() {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null.get(), fd);
}

}  // namespace bdaas
