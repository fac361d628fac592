#include "stream/tree_check.h"

#include <algorithm>

#include "base/os_error.h"
#include "base/utf8.h"

namespace bdaas {

namespace {

Result<TreeSummary> summarize(const fs::path& tar) {
  BDAAS_ASSIGN(auto reader, TarReader::open(tar));
  TreeSummary summary;
  std::vector<std::size_t> names;  // hashes: a million names would take 100 MB
  for (;;) {
    BDAAS_ASSIGN(const auto entry, reader.next());
    if (!entry) break;
    BDAAS_TRY(check_hdfs_name(entry->name));
    if (entry->directory) continue;
    ++summary.files;
    summary.bytes += entry->bytes;
    names.push_back(std::hash<std::string>{}(entry->name));
  }
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) {
    return fail(ErrorKind::invalid_argument, "it holds two files of the same name");
  }
  if (summary.bytes == 0) {
    return fail(ErrorKind::invalid_argument, "it holds no file with a byte in it");
  }
  return summary;
}

}  // namespace

Result<> check_hdfs_name(std::string_view name) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorKind::invalid_argument,
                "the name '{}' {}, which HDFS does not take; rename it", printable(name), why);
  };
  if (name.find(':') != name.npos) return refuse("has a ':'");
  if (!is_utf8(name)) return refuse("is not UTF-8");
  return {};
}

Result<TreeSummary> check_tree(const fs::path& tar, std::string_view name) {
  return summarize(tar).context(fmt::format("the directory '{}'", printable(name)));
}

}  // namespace bdaas
