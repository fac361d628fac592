#include "model/swarm_messages.h"

namespace bdaas {

std::vector<std::int64_t> runs_of(const ChunkSet& set) {
  std::vector<std::int64_t> runs;
  for (int chunk = 0; chunk < set.size(); ++chunk) {
    if (!set.has(chunk)) continue;
    const bool goes_on = !runs.empty() && runs[runs.size() - 2] + runs.back() == chunk;
    if (!goes_on) runs.insert(runs.end(), {chunk, 0});
    ++runs.back();
  }
  return runs;
}

Result<> add_runs(const std::vector<std::int64_t>& runs, ChunkSet& set) {
  const auto wrong = [] { return fail(ErrorKind::corrupted, "runs of chunks that cannot be"); };
  if (runs.size() % 2 != 0) return wrong();
  for (std::size_t i = 0; i < runs.size(); i += 2) {
    const auto first = runs[i];
    const auto count = runs[i + 1];
    if (first < 0 || count < 0 || first > set.size() || count > set.size() - first) return wrong();
    for (auto chunk = first; chunk < first + count; ++chunk) set.add(static_cast<int>(chunk));
  }
  return {};
}

std::string write_chunk_request(int chunk) {
  const auto number = static_cast<std::uint32_t>(chunk);
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xff);
  return bytes;
}

std::optional<int> read_chunk_request(std::string_view bytes, int chunks) {
  if (bytes.size() != kChunkRequestBytes) return std::nullopt;
  std::uint32_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  if (number >= static_cast<std::uint32_t>(chunks)) return std::nullopt;
  return static_cast<int>(number);
}

}  // namespace bdaas
