#pragma once
// What YARN says of a failed application, as one sentence for a person. Pure.

#include <string>
#include <string_view>

namespace bdaas {

// The program's own exception or exit code where there is one, else what ended its container, else
// YARN's first line.
std::string explain_failure(std::string_view diagnostics);

}  // namespace bdaas
