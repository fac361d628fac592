#include "base/lock_file.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/temp_dir.h"

namespace bdaas {
namespace {

TEST(LockFile, HasOneHolderAndGoesWithIt) {
  const auto dir = TempDir::make().value();
  auto first = lock_file(dir.path() / "lock", [] { return true; });
  ASSERT_TRUE(first.ok());
  int asked = 0;
  const auto second = lock_file(dir.path() / "lock", [&] { return ++asked == 2; });
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().kind, ErrorKind::cancelled);
  EXPECT_EQ(asked, 2);
  first->reset();
  EXPECT_TRUE(lock_file(dir.path() / "lock", [] { return true; }).ok());
}

TEST(LockFile, WaitsUntilItIsGivenBack) {
  const auto dir = TempDir::make().value();
  auto first = lock_file(dir.path() / "lock", [] { return true; });
  ASSERT_TRUE(first.ok());
  std::atomic<bool> waiting = false;
  std::thread holder([&] {
    while (!waiting) std::this_thread::yield();
    first->reset();
  });
  const auto second = lock_file(dir.path() / "lock", [&] {
    waiting = true;
    return false;
  });
  holder.join();
  EXPECT_TRUE(second.ok());
}

TEST(LockFile, SaysWhyItCannotBeMade) {
  const auto made = lock_file("/nosuch/lock", [] { return true; });
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace bdaas
