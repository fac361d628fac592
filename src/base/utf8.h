#pragma once
// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.

#include <string>
#include <string_view>

namespace bdaas {

// Length of the well-formed sequence at the front of bytes, 0 when there is none. bytes must not be
// empty.
std::size_t utf8_length(std::string_view bytes);

bool is_utf8(std::string_view bytes);

// Every byte that belongs to no well-formed sequence becomes U+FFFD; valid text is returned as it
// is.
std::string repair_utf8(std::string bytes);

}  // namespace bdaas
