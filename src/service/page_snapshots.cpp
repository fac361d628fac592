#include "service/page_snapshots.h"

#include <algorithm>

#include "base/directory.h"
#include "service/cluster_http.h"

namespace bdaas {
namespace {

constexpr std::uint64_t kPartBytesMax = 512 * 1024;
constexpr Millis kDeadline{5'000};

std::string with_application(std::string path, const std::string& application) {
  constexpr std::string_view kMark = "{application}";
  for (auto at = path.find(kMark); at != path.npos; at = path.find(kMark, at)) {
    path.replace(at, kMark.size(), application);
  }
  return path;
}

}  // namespace

Result<> PageSnapshots::take(HttpClient& client, const ClusterEndpoints& endpoints,
                             const ClusterId& cluster, const PageServer& server,
                             const std::string& application, Time now,
                             const std::atomic<bool>* cancel) const {
  PageSnapshot snapshot{.page = server.name, .title = server.title, .taken_at = now, .parts = {}};
  for (const auto& part : server.overview) {
    HttpRequest request;
    request.url = fmt::format("http://{}:{}{}", server.host, server.port,
                              with_application(part.path, application));
    request.headers = {{"Accept", "application/json"}};
    request.hosts = endpoints.hosts;
    request.timeout = kDeadline;
    request.connect_timeout = kDeadline;
    request.response_bytes_max = kPartBytesMax;
    request.cancel = cancel;
    auto answer = client.send(request);
    if (!answer && answer.error().kind == ErrorKind::resource_exhausted) {
      snapshot.parts.push_back({part.heading, R"("too much to keep")"});
      continue;
    }
    BDAAS_ASSIGN(const auto value, json_answer(std::move(answer), "cannot look at " + server.name));
    snapshot.parts.push_back({part.heading, write_json(value)});
  }
  const fs::path dir = dir_ / cluster.text;
  std::error_code none;
  if (!fs::exists(dir, none)) BDAAS_TRY(make_room());
  BDAAS_TRY(make_directory(dir, 0700));
  return write_file(dir / (server.name + ".json"), write_json(to_json(snapshot)), 0600);
}

Result<> PageSnapshots::make_room() const {
  BDAAS_TRY(make_directory(dir_, 0700));
  std::vector<std::pair<fs::file_time_type, fs::path>> found;
  BDAAS_ASSIGN(const auto paths, list_directory(dir_));
  for (const auto& path : paths) {
    std::error_code gone;  // counts as the oldest
    found.emplace_back(fs::last_write_time(path, gone), path);
  }
  std::sort(found.begin(), found.end());
  for (std::size_t i = 0; i + clusters_max_ <= found.size(); ++i) {
    BDAAS_TRY(remove_tree(found[i].second));
  }
  return {};
}

Result<PageSnapshot> PageSnapshots::read(const ClusterId& cluster, const std::string& page) const {
  BDAAS_ASSIGN(const auto path, join_below(dir_ / cluster.text, page + ".json"));
  BDAAS_ASSIGN(const auto text, read_file(path, 8u << 20));
  BDAAS_ASSIGN(const auto value, parse_json(text));
  return from_json<PageSnapshot>(value);
}

std::vector<PageSnapshot> PageSnapshots::of(const ClusterId& cluster) const {
  std::vector<PageSnapshot> found;
  const auto paths = list_directory(dir_ / cluster.text).value_or({});
  for (const auto& path : paths) {
    if (path.extension() != ".json") continue;
    auto snapshot = read(cluster, path.stem().string());
    if (snapshot) found.push_back(*std::move(snapshot));
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.page < b.page; });
  return found;
}

}  // namespace bdaas
