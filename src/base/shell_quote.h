#pragma once
// sshd hands a command to the user's shell as one text; this is the argv written so that a POSIX
// shell reads back exactly it.

#include <string>
#include <vector>

namespace bdaas {

// Each argument in single quotes: nothing is special in them but their end. No NUL may be in it.
std::string shell_quote(const std::vector<std::string>& argv);

}  // namespace bdaas
