#pragma once
// "Did you mean …?": the nearest known name by edit distance, or nothing when none is near.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bdaas {

std::optional<std::string_view> nearest(std::string_view name,
                                        const std::vector<std::string_view>& known);

// "; did you mean 'workers'?" or "".
std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& known);

}  // namespace bdaas
