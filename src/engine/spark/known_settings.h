#pragma once
// The names of settings that Spark and Comet of the release know.

#include <string>
#include <string_view>
#include <vector>

namespace bdaas {

std::vector<std::string> known_spark_settings();  // full names

}  // namespace bdaas
