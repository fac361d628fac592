#include "engine/spark/settings.h"

namespace bdaas {

Result<> check_spark_settings(const std::map<std::string, std::string>& settings) {
  for (const auto& [name, value] : settings) {
    if (!name.starts_with("spark.")) {
      return fail(ErrorKind::invalid_argument, "settings: {} does not begin with spark.", name);
    }
  }
  return {};
}

}  // namespace bdaas
