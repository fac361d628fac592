#pragma once
// A directory of its own for one test.

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/files.h"

namespace bdaas {

class TestDir {
 public:
  TestDir() {
    std::string name = testing::TempDir() + "bdaas-agent-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TestDir() { EXPECT_TRUE(remove_tree(path_).ok()); }
  TestDir(const TestDir&) = delete;
  TestDir& operator=(const TestDir&) = delete;

  std::string path(std::string_view name = {}) const {
    return name.empty() ? path_ : path_ + "/" + std::string(name);
  }

 private:
  std::string path_;
};

}  // namespace bdaas
