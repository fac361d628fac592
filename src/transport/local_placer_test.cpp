#include "transport/local_placer.h"

#include <gtest/gtest.h>

#include "base/temp_dir.h"

namespace bdaas {
namespace {

TEST(LocalPlacer, NoAgentComesToLifeOnAMachineThatIsGone) {
  const TempDir temp = TempDir::make().value();
  const fs::path dir = temp.path() / "released";
  LocalPlacer placer("/bin/true");
  AgentConfig config;
  config.lease = LeaseId{"l-test"};
  config.dir = dir.native();
  const Machine machine{.machine_id = "m", .dir = dir.native()};
  const auto placed = placer.place(machine, config);
  ASSERT_FALSE(placed.ok());
  EXPECT_EQ(placed.error().kind, ErrorKind::not_found);
  EXPECT_FALSE(fs::exists(dir));
  fs::create_directory(dir);
  EXPECT_TRUE(placer.place(machine, config).ok());
}

}  // namespace
}  // namespace bdaas
