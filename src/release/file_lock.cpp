#include "release/file_lock.h"

#include <utility>

#include "base/lock_file.h"

namespace bdaas {

Result<FileLock> FileLock::take(const fs::path& path, const std::atomic<bool>& cancel,
                                const std::function<void()>& on_wait) {
  bool told = false;
  BDAAS_ASSIGN(auto fd, lock_file(path, [&] {
                 if (!std::exchange(told, true)) on_wait();
                 return cancel.load();
               }));
  return FileLock(std::move(fd));
}

}  // namespace bdaas
