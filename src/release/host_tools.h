#pragma once
// The programs of this machine that a release needs: Java, Python, Maven. Found without starting a
// JVM. Any thread.

#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "release/release_file.h"

namespace bdaas {

struct HostTools {
  std::string search_path;                                  // like $PATH
  std::string java_home;                                    // like $JAVA_HOME; empty: none
  std::vector<std::string> pythons = {"/usr/bin/python3"};  // tried before search_path
};

// $PATH and $JAVA_HOME of this process.
HostTools host_tools_of_environment();

std::optional<std::string> find_on(const std::string& search_path, std::string_view program);

struct Java {
  std::string home;
  std::string version;       // "17.0.21"
  std::int64_t feature = 0;  // 17
  std::string identity;  // equal for equal builds at equal places: an AppCDS archive fits no other
};

// $JAVA_HOME, else the java on the path. failed_precondition says what was found and what to
// install.
Result<Java> find_java(const HostTools& tools, const JavaRange& wanted);

struct Python {
  std::string path;     // the interpreter itself, not a link or a shim to it
  std::string version;  // "3.11"
};

// failed_precondition as above. An interpreter that is not named by its version is asked for it.
Result<Python> find_python(const HostTools& tools, const std::string& minimum);

// mvn; failed_precondition when it is not installed.
Result<std::string> find_maven(const HostTools& tools);

}  // namespace bdaas
