#include "base/os_error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace bdaas {
namespace {

TEST(OsError, HasKindAndTheSystemsWords) {
  const auto error = os_error(ENOENT, "cannot open 'x'");
  EXPECT_EQ(error.kind, ErrorKind::not_found);
  EXPECT_EQ(error.message, "cannot open 'x': No such file or directory");
  EXPECT_EQ(kind_of_errno(EACCES), ErrorKind::permission_denied);
  EXPECT_EQ(kind_of_errno(ENOSPC), ErrorKind::resource_exhausted);
  EXPECT_EQ(kind_of_errno(EEXIST), ErrorKind::conflict);
  EXPECT_EQ(kind_of_errno(EIO), ErrorKind::internal);
}

TEST(Printable, LeavesTextAndWritesTheRestInHex) {
  EXPECT_EQ(printable("wordcount.py"), "wordcount.py");
  EXPECT_EQ(printable("päckchen 日本 🙂"), "päckchen 日本 🙂");
  EXPECT_EQ(printable(std::string_view("a\0b\n\x7f", 5)), "a\\x00b\\x0a\\x7f");
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(printable("\xc0\x80"), "\\xc0\\x80") << "overlong";
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "surrogate";
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "above U+10FFFF";
}

TEST(Printable, IsBounded) {
  EXPECT_EQ(printable(std::string(500, 'x')), std::string(120, 'x') + "…");
}

}  // namespace
}  // namespace bdaas
