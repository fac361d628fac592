#pragma once
// Looks at a row of the manager until it is in a state that was waited for.

#include <functional>

#include "cli/api.h"

namespace bdaas::cli {

// The row as soon as `done` says so. Ends earlier only by an error of the API.
Result<json::value> await_row(const Api& api, std::string_view path,
                              const std::function<bool(const json::value& row)>& done);

}  // namespace bdaas::cli
