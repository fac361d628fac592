#pragma once
// An errno of the operating system as an Error: "cannot open '/x': No such file or directory".

#include <fmt/core.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace bdaas {

// The kind a caller can react to: not_found, permission_denied, conflict (exists),
// resource_exhausted (space, memory, file descriptors), invalid_argument (not a directory, name too
// long), else internal.
ErrorKind kind_of_errno(int code);

// what: "cannot open '/x'". code: errno, read before anything else may change it.
Error os_error(int code, std::string_view what);

// Bytes that came from outside, fit for a message: at most 120, others than printable ASCII and
// valid
// UTF-8 written as \xNN.
std::string printable(std::string_view bytes);

}  // namespace bdaas
