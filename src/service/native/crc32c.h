#pragma once
// CRC-32C (Castagnoli; RFC 3720, appendix B.4), HDFS's checksum of each 512 bytes. By the
// instruction of x86-64 processors where there is one.

#include <cstdint>
#include <string_view>

namespace bdaas {

std::uint32_t crc32c(std::string_view bytes);
std::uint32_t crc32c_by_table(std::string_view bytes);  // what takes its place elsewhere

}  // namespace bdaas
