#pragma once
// The tags by which everything of ours is found again.

#include <fmt/format.h>

#include "model/ids.h"
#include "provider/ec2/requests.h"

namespace bdaas::ec2 {

inline constexpr const char* kInstallationTag = "bdaas:installation";
inline constexpr const char* kClusterTag = "bdaas:cluster";
inline constexpr const char* kLeaseTag = "bdaas:lease";
inline constexpr const char* kHostTag = "bdaas:host";
inline constexpr const char* kExpiresTag = "bdaas:expires";
inline constexpr const char* kCreatedTag = "bdaas:created";
inline constexpr const char* kKeyTag = "bdaas:key";           // digest of a key pair's public half
inline constexpr const char* kHostKeyTag = "bdaas:host-key";  // the only one the machine may show
inline constexpr const char* kMemoryTag = "bdaas:memory-mib";
inline constexpr const char* kCoresTag = "bdaas:cores";

inline Filter tag_filter(const char* key, std::string value) {
  return {fmt::format("tag:{}", key), {std::move(value)}};
}

inline std::vector<Filter> filters_of(const InstallationId& installation) {
  return {tag_filter(kInstallationTag, installation.text)};
}

inline std::vector<Filter> filters_of(const InstallationId& installation,
                                      const ClusterId& cluster) {
  return {tag_filter(kInstallationTag, installation.text), tag_filter(kClusterTag, cluster.text)};
}

inline std::vector<Filter> filters_of(const InstallationId& installation, const LeaseId& token) {
  return {tag_filter(kInstallationTag, installation.text), tag_filter(kLeaseTag, token.text)};
}

}  // namespace bdaas::ec2
