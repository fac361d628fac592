#include "cli/command.h"

namespace bdaas::cli {

const std::vector<std::string>* Arguments::values_of(std::string_view name) const {
  const auto found = values_.find(std::string(name));
  return found == values_.end() ? nullptr : &found->second;
}

std::optional<std::string> Arguments::last_of(std::string_view name) const {
  const auto* values = values_of(name);
  if (values == nullptr || values->empty()) return std::nullopt;
  return values->back();
}

std::vector<std::string> Arguments::all_of(std::string_view name) const {
  const auto* values = values_of(name);
  return values == nullptr ? std::vector<std::string>{} : *values;
}

const std::string& Arguments::at(const Positional& positional) const {
  const auto* values = values_of(positional.name);
  assert(values != nullptr && !values->empty() && "the parser demands every positional");
  return values->front();
}

}  // namespace bdaas::cli
