#include "app/installation.h"

#include <chrono>

#include "base/lock_file.h"

namespace bdaas {

namespace {

constexpr auto kPatience = std::chrono::seconds(10);

Result<UniqueFd> take_lock(const StateDir& dir) {
  // One that ends takes its address away first, and has the lock for some moments more.
  const auto patience = std::chrono::steady_clock::now() + kPatience;
  auto lock = lock_file(dir.lock(), [&] {
    std::error_code unknown;
    return fs::exists(dir.manager(), unknown) || std::chrono::steady_clock::now() > patience;
  });
  if (lock || lock.error().kind != ErrorKind::cancelled) return lock;
  return fail(ErrorKind::conflict,
              "another manager runs on {}; use it, or end it with 'bdaas stop'", dir.root.string());
}

// Reads a one-line file, or writes `fresh` into it first.
Result<std::string> read_or_create(const fs::path& path, const std::string& fresh) {
  auto text = read_file(path, 4096);
  if (!text && text.error().kind != ErrorKind::not_found) return text;
  if (text) {
    while (!text->empty() && (text->back() == '\n' || text->back() == ' ')) text->pop_back();
    if (!text->empty()) return text;
  }
  BDAAS_TRY(write_file(path, fresh + "\n", 0600, true));
  return fresh;
}

}  // namespace

Result<Installation> open_installation(const StateDir& dir, Entropy& entropy) {
  BDAAS_TRY(make_directory(dir.root, 0700));
  BDAAS_ASSIGN(auto lock, take_lock(dir));
  for (const auto& path : {dir.programs(), dir.data(), dir.uploads(), dir.results(), dir.steps(),
                           dir.history(), dir.machines()}) {
    BDAAS_TRY(make_directory(path, 0700));
  }
  BDAAS_TRY(make_directory(dir.packages()));  // $BDAAS_PACKAGES may be shared with other users
  BDAAS_ASSIGN(auto id, read_or_create(dir.installation(), new_id<InstallationId>(entropy).text));
  BDAAS_ASSIGN(auto token, read_or_create(dir.token(), random_text(entropy, 48)));
  return Installation{dir, InstallationId{std::move(id)}, Secret<std::string>(std::move(token)),
                      std::move(lock)};
}

}  // namespace bdaas
