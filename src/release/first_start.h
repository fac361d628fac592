#pragma once
// Templates for the first start of daemons: formatting a NameNode costs a JVM's start, and a new
// ResourceManager makes an RSA key of 4096 bits. Both are done once here, and copied into each
// cluster.

#include "release/class_path.h"
#include "release/host_tools.h"

namespace bdaas {

struct Template {
  const TemplateSpec* spec = nullptr;
  std::string key;         // of its directory, whose files are the template and nothing else
  std::string class_path;  // as for java -cp
};

// homes: directories named by their content; the key follows from them and the spec.
Template template_of(const TemplateSpec& spec, const PackageHomes& homes);

// Runs the daemon on addresses of this machine only, below scratch, an existing directory; puts its
// files into `into`, an existing empty one. Some seconds. Errors: the daemon's last lines.
Result<> make_template(const Template& made, const Java& java, const fs::path& scratch,
                       const fs::path& into, const std::atomic<bool>& cancel);

}  // namespace bdaas
