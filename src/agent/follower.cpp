#include "agent/follower.h"

#include <fcntl.h>

#include <cerrno>

#include "base/digest.h"
#include "base/unique_fd.h"

namespace bdaas {

namespace {

std::string path_of(const std::string& node_dir, const Follow& follow) {
  const auto file = follow.stream == OutputStream::work ? std::string("work.tar")
                                                        : std::string(to_text(follow.stream));
  return fmt::format("{}/steps/{}/{}", node_dir, follow.step.text, file);
}

// Of a path that cannot be opened: nothing was written there, or nothing that counts. Anything else
// (no descriptor left, a disk that errs) may pass, and says nothing about the file.
bool is_absent(int code) { return code == ENOENT || code == ENOTDIR || code == ELOOP; }

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
  if (!fd.valid() && !is_absent(errno)) return std::nullopt;  // looked at again
  const ssize_t got = fd.valid() ? ::pread(fd.get(), bytes.data(), bytes.size(), follow.offset) : 0;
  if (got < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(got));
  chunk.end = bytes.empty() && ended;
  if (bytes.empty() && !chunk.end) return std::nullopt;
  chunk.data = to_base64(bytes);
  follow.offset += static_cast<std::int64_t>(bytes.size());
  return chunk;
}

}  // namespace bdaas
