#include "base/host_resources.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/temp_dir.h"

namespace bdaas {
namespace {

class HostResourcesTest : public testing::Test {
 protected:
  void SetUp() override {
    put("proc/meminfo", "MemTotal:       8388608 kB\nMemFree: 1 kB\nMemAvailable:    6291456 kB\n");
    put("proc/self/cgroup", "1:cpu:/\n0::/user/job\n");
  }
  void put(std::string_view name, std::string_view content) {
    const auto path = dir_.path() / name;
    ASSERT_TRUE(make_directory(path.parent_path()).ok());
    ASSERT_TRUE(write_file(path, content).ok());
  }
  HostResources measure() {
    return measure_host({dir_.path() / "proc", dir_.path() / "cgroup"}).value();
  }

  TempDir dir_ = TempDir::make().value();
};

TEST_F(HostResourcesTest, WithoutACgroupItIsTheMachine) {
  EXPECT_EQ(measure().memory_total_mib, 8192);
  EXPECT_EQ(measure().memory_free_mib, 6144);
  EXPECT_GE(measure().cores, 1);
}

TEST_F(HostResourcesTest, TheLowestLimitOnTheWayUpCounts) {
  put("cgroup/user/job/memory.max", "max\n");
  put("cgroup/user/memory.max", "4294967296\n");
  put("cgroup/user/memory.current", "2147483648\n");
  put("cgroup/user/memory.stat", "anon 5\ninactive_file 1073741824\nactive_file 3\n");
  EXPECT_EQ(measure().memory_total_mib, 4096);
  EXPECT_EQ(measure().memory_free_mib, 3072) << "the cache can be taken back";
}

TEST_F(HostResourcesTest, ALimitAboveTheMachineSaysNothing) {
  put("cgroup/user/job/memory.max", "1099511627776\n");
  put("cgroup/user/job/memory.current", "0\n");
  EXPECT_EQ(measure().memory_total_mib, 8192);
  EXPECT_EQ(measure().memory_free_mib, 6144);
}

TEST_F(HostResourcesTest, AQuotaOfProcessorTimeLimitsTheCores) {
  put("cgroup/cpu.max", "50000 100000\n");
  EXPECT_EQ(measure().cores, 1);
  put("cgroup/cpu.max", "max 100000\n");
  EXPECT_GE(measure().cores, 1);
}

TEST_F(HostResourcesTest, AMachineThatDoesNotSayIsAnError) {
  put("proc/meminfo", "MemTotal: 5 kB\n");
  EXPECT_FALSE(measure_host({dir_.path() / "proc", dir_.path() / "cgroup"}).ok());
}

TEST(HostResourcesReal, OfThisComputer) {
  const auto host = measure_host().value();
  EXPECT_GT(host.memory_total_mib, 0);
  EXPECT_GT(host.memory_free_mib, 0);
  EXPECT_LE(host.memory_free_mib, host.memory_total_mib);
  EXPECT_GE(host.cores, 1);
}

}  // namespace
}  // namespace bdaas
