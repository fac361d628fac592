#include "cli/become.h"

#include <unistd.h>

#include <csignal>

#include "base/os_error.h"
#include "base/subprocess.h"

namespace bdaas::cli {

Error become(const std::vector<std::string>& argv, std::string_view package) {
  const auto program = find_program(argv.front());
  if (!program) {
    return fail(ErrorKind::failed_precondition,
                "'{}' is not installed on this machine; install the package {}", argv.front(),
                package);
  }
  std::vector<char*> pointers;
  for (const auto& word : argv) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  std::signal(SIGPIPE, SIG_DFL);  // what is ignored stays ignored
  ::execv(program->c_str(), pointers.data());
  return os_error(errno, fmt::format("cannot run '{}'", *program));
}

}  // namespace bdaas::cli
