#pragma once
// Typed settings → configuration files. Pure; the same settings give the same bytes.

#include <map>
#include <string>
#include <vector>

namespace bdaas {

using Properties = std::map<std::string, std::string>;

// Hadoop's *-site.xml. Hadoop itself replaces "${…}" in values.
std::string to_hadoop_xml(const Properties& properties);

// java.util.Properties; ASCII only, other characters as \uXXXX. The input is UTF-8.
std::string to_java_properties(const Properties& properties);

struct HostLine {
  std::string address;
  std::string name;
};

// The form of /etc/hosts, as jdk.net.hosts.file reads it; the first name of an address is what it
// resolves back to.
std::string to_hosts_file(const std::vector<HostLine>& lines);

}  // namespace bdaas
