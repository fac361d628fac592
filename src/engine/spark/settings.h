#pragma once
// Which spark.* settings a user may give.

#include <map>
#include <string>

#include "base/result.h"

namespace bdaas {

// Refuses unknown names with the nearest known one, and those that the cluster decides itself, with
// the reason.
Result<> check_spark_settings(const std::map<std::string, std::string>& settings);

}  // namespace bdaas
