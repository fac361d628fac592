#include "service/webhdfs.h"

#include "net/url.h"

namespace bdaas {
namespace {

constexpr Millis kMetadataTimeout{30'000};
constexpr Millis kTransferTimeout{24 * 3'600'000ll};  // ended by cancel or silence before

std::string last_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

HdfsStatus status_from(const json::value& value) {
  return {.name = text_at(value, {"pathSuffix"}),
          .directory = text_at(value, {"type"}) == "DIRECTORY",
          .bytes = number_at(value, {"length"}),
          .modified_ms = number_at(value, {"modificationTime"})};
}

}  // namespace

std::string WebHdfs::url(const std::string& path, const char* operation, Parameters more) const {
  more.insert(more.begin(), {{"op", operation}, {"user.name", endpoints_.user}});
  return fmt::format("{}/webhdfs/v1{}?{}", endpoints_.namenode, percent_encode(path, "/"),
                     query_string(more));
}

HttpRequest WebHdfs::request(const char* method, std::string url) const {
  HttpRequest request;
  request.method = method;
  request.url = std::move(url);
  request.timeout = kMetadataTimeout;
  request.hosts = endpoints_.hosts;
  request.cancel = cancel_;
  return request;
}

Result<json::value> WebHdfs::ask(const char* method, const std::string& path, const char* operation,
                                 std::string_view what, Parameters more) const {
  return json_answer(client_->send(request(method, url(path, operation, std::move(more)))),
                     fmt::format("cannot {} {} in HDFS", what, path));
}

Result<> WebHdfs::open(const std::string& path, const BodySink& sink, std::int64_t offset,
                       std::int64_t bytes) {
  Parameters parameters = {{"offset", std::to_string(offset)}};
  if (bytes >= 0) parameters.emplace_back("length", std::to_string(bytes));
  HttpRequest reading = request("GET", url(path, "OPEN", std::move(parameters)));
  reading.redirects_max = 1;
  reading.timeout = kTransferTimeout;
  reading.silence_max = kSilenceMax;
  reading.sink = sink;
  const std::string what = fmt::format("cannot read {} from HDFS", path);
  auto done = client_->send(reading);
  if (!done) return std::move(done).error().context(what);
  if (!done->ok()) return remote_error(*done, what);
  return {};
}

Result<> WebHdfs::make_directory(const std::string& path) {
  BDAAS_TRY(ask("PUT", path, "MKDIRS", "make"));
  return {};
}

Result<HdfsStatus> WebHdfs::status(const std::string& path) {
  BDAAS_ASSIGN(const auto answer, ask("GET", path, "GETFILESTATUS", "find"));
  return status_from(at_path(answer, {"FileStatus"}));
}

Result<std::vector<HdfsStatus>> WebHdfs::list(const std::string& directory) {
  std::vector<HdfsStatus> entries;
  std::string after;
  for (;;) {  // the NameNode gives a large directory in pages
    Parameters parameters;
    // In small letters: Hadoop 3.5 passes over "startAfter", as its own documents spell it.
    if (!after.empty()) parameters.emplace_back("startafter", after);
    BDAAS_ASSIGN(const auto answer, ask("GET", directory, "LISTSTATUS_BATCH", "list", parameters));
    const auto& page =
        at_path(answer, {"DirectoryListing", "partialListing", "FileStatuses", "FileStatus"});
    if (!page.is_array())
      return fail(ErrorKind::corrupted, "the listing of {} is not one", directory);
    for (const auto& entry : page.get_array()) {
      entries.push_back(status_from(entry));
      if (!after.empty() && entries.back().name <= after) {
        return fail(ErrorKind::corrupted, "the listing of {} does not go on after '{}'", directory,
                    after);
      }
    }
    if (number_at(answer, {"DirectoryListing", "remainingEntries"}) == 0 ||
        page.get_array().empty()) {
      return entries;
    }
    after = entries.back().name;
  }
}

Result<> WebHdfs::rename(const std::string& from, const std::string& to) {
  BDAAS_ASSIGN(const auto answer, ask("PUT", from, "RENAME", "rename", {{"destination", to}}));
  if (at_path(answer, {"boolean"}) == json::value(true)) return {};
  return fail(ErrorKind::conflict,
              "cannot rename {} to {} in HDFS: one is missing or the other there", from, to);
}

Result<> WebHdfs::remove(const std::string& path) {
  BDAAS_TRY(ask("DELETE", path, "DELETE", "remove", {{"recursive", "true"}}));
  return {};
}

Result<std::vector<EngineService::RemoteFile>> WebHdfs::list_tree(const std::string& directory) {
  BDAAS_ASSIGN(const auto root, status(directory));
  std::vector<EngineService::RemoteFile> files;
  if (!root.directory) {
    files.push_back({last_name(directory), root.bytes});
    return files;
  }
  std::vector<std::string> pending = {""};
  while (!pending.empty()) {
    const std::string at = std::move(pending.back());
    pending.pop_back();
    BDAAS_ASSIGN(const auto entries, list(at.empty() ? directory : directory + "/" + at));
    for (const auto& entry : entries) {
      const std::string name = at.empty() ? entry.name : at + "/" + entry.name;
      if (entry.directory) {
        pending.push_back(name);
      } else {
        files.push_back({name, entry.bytes});
      }
    }
  }
  return files;
}

}  // namespace bdaas
