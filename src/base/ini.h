#pragma once
// INI text as the files of AWS's tools have it: [section], name = value, lines that begin with # or
// ;, a remark after a blank and # or ;, and indented lines below a name that has no value, which
// are passed over. What a section says twice counts as it was said last. Boost's reader refuses
// repeated sections and knows no indented lines, hence one of our own. Pure.

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bdaas {

using IniSection = std::map<std::string, std::string>;
using Ini = std::map<std::string, IniSection>;  // names before the first section are those of ""

// invalid_argument tells the line's number and never its text: it may be a secret.
Result<Ini> parse_ini(std::string_view text);

}  // namespace bdaas
