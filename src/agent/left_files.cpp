#include "agent/left_files.h"

#include <algorithm>
#include <cerrno>

#include "base/os_error.h"
#include "base/subprocess.h"

namespace bdaas {

namespace {

// std::filesystem reports by exceptions from iterators; they stop here.
template <class Action>
auto without_exceptions(std::string_view what, const Action& action) -> decltype(action()) {
  try {
    return action();
  } catch (const fs::filesystem_error& error) {
    return os_error(error.code().value(), fmt::format("{} '{}'", what, error.path1().native()));
  }
}

// Removes what is neither file nor directory; returns the bytes of the rest.
Result<std::uint64_t> clean_and_measure(const fs::path& path) {
  return without_exceptions("cannot look through", [&]() -> Result<std::uint64_t> {
    const auto status = fs::symlink_status(path);
    if (fs::is_regular_file(status)) return static_cast<std::uint64_t>(fs::file_size(path));
    if (!fs::is_directory(status)) {
      fs::remove(path);
      return std::uint64_t{0};
    }
    std::uint64_t bytes = 0;
    std::vector<fs::path> special;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      const auto kind = entry.symlink_status();
      if (fs::is_regular_file(kind)) bytes += entry.file_size();
      if (!fs::is_regular_file(kind) && !fs::is_directory(kind)) special.push_back(entry.path());
    }
    for (const auto& entry : special) fs::remove(entry);
    return bytes;
  });
}

Result<> move(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  if (errno != EXDEV) return os_error(errno, fmt::format("cannot move '{}'", from.native()));
  return without_exceptions("cannot copy", [&]() -> Result<> {
    fs::copy(from, to,
             fs::copy_options::recursive | fs::copy_options::overwrite_existing |
                 fs::copy_options::skip_symlinks);
    return {};
  });
}

Result<> make_tar(const fs::path& work, const std::vector<std::string>& names,
                  const fs::path& tar) {
  auto part = tar;
  part += ".part";
  auto list = tar;
  list += ".list";
  std::string listed;
  for (const auto& name : names) listed += "./" + name + '\0';
  BDAAS_TRY(write_file(list, listed));
  Command command;
  command.argv = {"tar",         "-C",     work.native(), "--format=posix", "-cf",
                  part.native(), "--null", "-T",          list.native()};
  auto made = run_checked(command);
  BDAAS_TRY(remove_tree(list));
  if (!made) {
    BDAAS_TRY(remove_tree(part));
    return std::move(made).error();
  }
  if (::rename(part.c_str(), tar.c_str()) != 0) {
    return os_error(errno, fmt::format("cannot name '{}'", tar.native()));
  }
  return {};
}

// The tar is a second copy.
Result<> check_room(std::uint64_t bytes, const fs::path& tar) {
  constexpr std::uint64_t kHeadersBytes = 1u << 20;
  if (bytes > kLeftBytesMax) {
    return fail(ErrorKind::resource_exhausted,
                "the program left {} bytes in its working directory, of which at most {} are kept; "
                "none were kept: write large results to the output place",
                bytes, kLeftBytesMax);
  }
  BDAAS_ASSIGN(const auto free, free_bytes(tar.parent_path()));
  if (free >= bytes + kHeadersBytes) return {};
  return fail(ErrorKind::resource_exhausted,
              "the program left {} bytes in its working directory, and the disk has room for {}; "
              "none were kept: write large results to the output place",
              bytes, free);
}

// What is not kept must not fill the disk for those who come after.
void remove_all(const fs::path& from, const std::vector<std::string>& names) {
  for (const auto& name : names) (void)remove_tree(from / name);  // else it ends with the node
}

}  // namespace

Result<std::set<std::string>> names_in(const fs::path& directory) {
  return without_exceptions("cannot list", [&]() -> Result<std::set<std::string>> {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory)) {
      names.insert(entry.path().filename().native());
    }
    return names;
  });
}

bool is_ignored(std::string_view name, const std::vector<std::string>& ignore) {
  if (name.starts_with('.')) return true;
  return std::ranges::any_of(ignore, [&](std::string_view pattern) {
    if (!pattern.ends_with('*')) return name == pattern;
    return name.starts_with(pattern.substr(0, pattern.size() - 1));
  });
}

Result<> keep_left_files(const fs::path& from, const std::set<std::string>& before,
                         const std::vector<std::string>& ignore, const fs::path& work,
                         const fs::path& tar) {
  BDAAS_ASSIGN(const auto present, names_in(from));
  std::vector<std::string> left;
  std::uint64_t bytes = 0;
  for (const auto& name : present) {
    if (before.contains(name) || is_ignored(name, ignore)) continue;
    BDAAS_ASSIGN(const auto size, clean_and_measure(from / name));
    bytes += size;
    left.push_back(name);
  }
  std::erase_if(left, [&](const auto& name) {
    std::error_code error;
    return !fs::exists(fs::symlink_status(from / name, error));  // it was a link
  });
  if (left.empty()) return {};
  if (auto room = check_room(bytes, tar); !room) {
    remove_all(from, left);
    return room;
  }
  std::error_code error;
  if (!fs::equivalent(from, work, error)) {
    for (const auto& name : left) BDAAS_TRY(move(from / name, work / name));
  }
  auto made = make_tar(work, left, tar);
  if (!made) remove_all(work, left);
  return made;
}

}  // namespace bdaas
