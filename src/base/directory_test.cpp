#include "base/directory.h"

#include <gmock/gmock.h>

#include "base/temp_dir.h"

namespace bdaas {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST(ListDirectory, NamesWhatIsThere) {
  const auto dir = TempDir::make().value();
  ASSERT_TRUE(write_file(dir.path() / "a", "").ok());
  ASSERT_TRUE(make_directory(dir.path() / "b/c").ok());
  EXPECT_THAT(list_directory(dir.path()).value(),
              UnorderedElementsAre(dir.path() / "a", dir.path() / "b"));
}

TEST(ListDirectory, AnAbsentOneIsEmptyAndAFileIsNone) {
  const auto dir = TempDir::make().value();
  EXPECT_THAT(list_directory(dir.path() / "absent").value(), IsEmpty());
  ASSERT_TRUE(write_file(dir.path() / "a", "").ok());
  EXPECT_FALSE(list_directory(dir.path() / "a").ok());
}

}  // namespace
}  // namespace bdaas
