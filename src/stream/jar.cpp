#include "stream/jar.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <memory>
#include <set>

#include "base/os_error.h"
#include "base/utf8.h"
#include "stream/class_file.h"

namespace bdaas {

namespace {

constexpr std::string_view kManifest = "META-INF/MANIFEST.MF";
constexpr std::int64_t kManifestBytesMax = 1 << 20;
constexpr std::size_t kReadBlockBytes = 64 * 1024;

struct CloseArchive {
  void operator()(archive* handle) const { archive_read_free(handle); }
};
using ArchivePtr = std::unique_ptr<archive, CloseArchive>;

// What is known of a jar while its entries go by.
struct Jar {
  std::string_view name;  // for messages
  std::set<std::string> main_classes;
  std::set<std::string> classes;  // all, to know whether the manifest's is there
  std::string manifest;
  JarLimits limits;
  std::int64_t bytes_left = 0;
};

Error refuse(const Jar& jar, std::string_view why) {
  return fail(ErrorKind::invalid_argument, "'{}' is no jar that can be run: {}",
              printable(jar.name), why);
}

Result<ArchivePtr> open_zip(const std::filesystem::path& path, const Jar& jar) {
  ArchivePtr handle(archive_read_new());
  archive_read_support_format_zip_seekable(handle.get());
  if (archive_read_open_filename(handle.get(), path.c_str(), kReadBlockBytes) != ARCHIVE_OK) {
    return refuse(jar, "it is no zip archive, or is cut off");
  }
  return handle;
}

// The content of the present entry. Its announced size is not believed; what is longer than
// bytes_max comes back empty.
Result<std::string> read_entry(archive* handle, Jar& jar, std::int64_t bytes_max) {
  std::string content;
  for (;;) {
    const std::size_t before = content.size();
    content.resize(before + kReadBlockBytes);
    const la_ssize_t got = archive_read_data(handle, content.data() + before, kReadBlockBytes);
    if (got < 0) return refuse(jar, "an entry of it is damaged");
    content.resize(before + static_cast<std::size_t>(got));
    if (got == 0) return content;
    jar.bytes_left -= got;
    if (jar.bytes_left < 0) {
      return refuse(jar,
                    fmt::format("its classes are more than {} MiB", jar.limits.bytes_max >> 20));
    }
    if (static_cast<std::int64_t>(content.size()) > bytes_max) return std::string();
  }
}

Result<> take_class(archive* handle, std::string_view path, Jar& jar) {
  path.remove_suffix(std::string_view(".class").size());
  BDAAS_ASSIGN(const auto content, read_entry(handle, jar, jar.limits.class_file_bytes_max));
  const auto parsed = parse_class_file(content);
  // A class that lies elsewhere than its name says cannot be loaded by that name.
  if (!parsed || parsed->name != path || !is_utf8(path)) return {};
  std::string dotted(path);
  std::replace(dotted.begin(), dotted.end(), '/', '.');
  if (parsed->has_main) jar.main_classes.insert(dotted);
  if (jar.main_classes.size() > jar.limits.main_classes_max) {
    return refuse(jar,
                  fmt::format("it has more than {} main classes", jar.limits.main_classes_max));
  }
  jar.classes.insert(std::move(dotted));
  return {};
}

Result<> take_entries(archive* handle, Jar& jar) {
  for (;;) {
    archive_entry* entry = nullptr;
    const int code = archive_read_next_header(handle, &entry);
    if (code == ARCHIVE_EOF) return {};
    if (code != ARCHIVE_OK && code != ARCHIVE_WARN) {
      return refuse(jar, "it is no zip archive, or is damaged");
    }
    const char* pathname = archive_entry_pathname(entry);
    const std::string_view path = pathname == nullptr ? "" : pathname;
    if (path == kManifest) {
      BDAAS_ASSIGN(jar.manifest, read_entry(handle, jar, kManifestBytesMax));
    } else if (path.ends_with(".class") && !path.starts_with("META-INF/")) {
      BDAAS_TRY(take_class(handle, path, jar));
    }
  }
}

// "Main-Class: name" in the main section; long lines go on behind a newline and a blank (JAR File
// Specification, "Notes on Manifest and Signature Files").
std::string main_class_of_manifest(std::string_view manifest) {
  std::string unfolded;
  for (std::size_t i = 0; i < manifest.size(); ++i) {
    if (manifest[i] == '\r') continue;
    if (manifest[i] == '\n' && manifest.substr(i + 1).starts_with(' ')) {
      ++i;
    } else {
      unfolded += manifest[i];
    }
  }
  constexpr std::string_view kKey = "main-class:";
  std::string_view rest = unfolded;
  while (!rest.empty() && rest.front() != '\n') {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const bool is_key = line.size() > kKey.size() &&
                        std::equal(kKey.begin(), kKey.end(), line.begin(), [](char a, char b) {
                          return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b);
                        });
    if (!is_key) continue;
    auto value = line.substr(kKey.size());
    while (value.starts_with(' ')) value.remove_prefix(1);
    while (value.ends_with(' ')) value.remove_suffix(1);
    return std::string(value);
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> main_classes_of_jar(const std::filesystem::path& path,
                                                     std::string_view name,
                                                     const JarLimits& limits) {
  Jar jar{.name = name, .limits = limits, .bytes_left = limits.bytes_max};
  BDAAS_ASSIGN(const auto handle, open_zip(path, jar));
  BDAAS_TRY(take_entries(handle.get(), jar));
  std::vector<std::string> names;
  const auto first = main_class_of_manifest(jar.manifest);
  if (jar.classes.contains(first)) {
    names.push_back(first);
    jar.main_classes.erase(first);
  }
  names.insert(names.end(), jar.main_classes.begin(), jar.main_classes.end());
  return names;
}

}  // namespace bdaas
