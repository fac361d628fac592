#pragma once
// Has the manager fetch a release, and passes on what it says while it does.

#include <functional>

#include "cli/api.h"
#include "cli/task.h"

namespace bdaas::cli {

// Blocking, minutes at the first time; at once when the release is there.
Result<> fetch_release(const Api& api, std::string_view name,
                       const std::function<void(std::string_view line)>& on_line,
                       TaskControl& control);

// It was fetched before. invalid_argument: there is none of that name.
Result<bool> release_is_present(const Api& api, std::string_view name,
                                const std::atomic<bool>* stop = nullptr);

}  // namespace bdaas::cli
