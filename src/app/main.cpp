// bdaas: the manager (`bdaas serve`) and the command line (everything else).

#include <fmt/core.h>

#include "app/serve.h"
#include "cli/cli.h"
#include "cli/manager_process.h"

int main(int argc, char** argv) {
  auto environment = bdaas::cli_environment(bdaas::kVersion, {});
  environment.serve = [&](const bdaas::ServeOptions& options) {
    const auto dir = bdaas::cli::state_dir_of(environment);
    if (dir) return bdaas::serve(options, *dir);
    fmt::print(stderr, "bdaas: {}\n", dir.error().message);
    return 2;
  };
  return bdaas::cli_main(argc, argv, environment);
}
