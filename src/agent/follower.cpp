#include "agent/follower.h"

#include <fcntl.h>

#include "base/digest.h"
#include "base/unique_fd.h"

namespace bdaas {

namespace {

std::string path_of(const std::string& node_dir, const Follow& follow) {
  const auto file = follow.stream == OutputStream::work ? std::string("work.tar")
                                                        : std::string(to_text(follow.stream));
  return fmt::format("{}/steps/{}/{}", node_dir, follow.step.text, file);
}

}  // namespace

void Follower::follow(const Follow& order) {
  std::erase_if(follows_, [&](const Follow& old) {
    return old.step == order.step && old.stream == order.stream;
  });
  if (order.offset >= 0 && !order.step.empty() && order.step.text.find('/') == std::string::npos) {
    follows_.push_back(order);
  }
}

std::optional<OutputChunk> Follower::read_chunk(const std::string& node_dir, Follow& follow,
                                                bool ended) {
  if (follow.stream == OutputStream::work && !ended) return std::nullopt;  // still being made
  OutputChunk chunk{follow.step, follow.stream, follow.offset, {}, false};
  std::string bytes(kChunkBytesMax, '\0');
  const UniqueFd fd(::open(path_of(node_dir, follow).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  const ssize_t got = fd.valid() ? ::pread(fd.get(), bytes.data(), bytes.size(), follow.offset) : 0;
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  chunk.end = bytes.empty() && ended;
  if (bytes.empty() && !chunk.end) return std::nullopt;
  chunk.data = to_base64(bytes);
  follow.offset += static_cast<std::int64_t>(bytes.size());
  return chunk;
}

}  // namespace bdaas
