#pragma once
// AppCDS: an archive of parsed classes that a JVM maps at its start instead of reading jars. It
// fits one build of the JVM and one class path, so it is made on this machine, from a pinned list
// of classes, and its key names all of that.

#include "release/class_path.h"
#include "release/host_tools.h"

namespace bdaas {

struct ClassData {
  std::string name;                         // hadoop, spark
  std::string key;                          // of its directory
  std::string class_path;                   // as for java -cp; at runtime it must begin with it
  const std::string* class_list = nullptr;  // gzip
};

// homes: where the release's packages lie. Their directories' identities are part of the key, since
// the JVM compares the jars' paths, sizes and times.
ClassData class_data_of(const ArchiveSpec& archive, const PackageHomes& homes,
                        const std::string& class_list, const Java& java);

inline constexpr const char* kClassDataFile = "classes.jsa";

// Makes into/classes.jsa; half a minute of CPU. Errors: the JVM's last lines.
Result<> dump_class_data(const ClassData& data, const Java& java, const fs::path& into,
                         const std::atomic<bool>& cancel);

}  // namespace bdaas
