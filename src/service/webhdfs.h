#pragma once
// HDFS over HTTP (WebHDFS, Hadoop 3.5), for all but writing: see native/hdfs_writer.h. Blocking;
// any thread, several at once. Paths are absolute and given plain. Errors: not_found, conflict,
// permission_denied, unavailable (safe mode, no DataNode), and those of HttpClient.

#include "service/cluster_http.h"

namespace bdaas {

struct HdfsStatus {
  std::string name;  // last part of the path; of a listing's entry
  bool directory = false;
  std::int64_t bytes = 0;
  std::int64_t modified_ms = 0;
};

class WebHdfs {
 public:
  // `cancel` ends every request, and outlives this.
  WebHdfs(HttpClient& client, ClusterEndpoints endpoints, const std::atomic<bool>* cancel = nullptr)
      : client_(&client), endpoints_(std::move(endpoints)), cancel_(cancel) {}

  const ClusterEndpoints& endpoints() const { return endpoints_; }

  // Streams `bytes` from `offset`, to the end when bytes is negative. deadline_exceeded: nothing
  // came for a minute.
  Result<> open(const std::string& path, const BodySink& sink, std::int64_t offset = 0,
                std::int64_t bytes = -1);

  Result<> make_directory(const std::string& path);  // with parents; an existing one is fine
  Result<HdfsStatus> status(const std::string& path);
  Result<std::vector<HdfsStatus>> list(const std::string& directory);
  Result<> rename(const std::string& from,
                  const std::string& to);    // conflict: `to` exists, or no `from`
  Result<> remove(const std::string& path);  // recursive; absent is fine

  // Every file below a directory, names relative to it; a file is a tree of itself, by its last
  // name.
  Result<std::vector<EngineService::RemoteFile>> list_tree(const std::string& directory);

 private:
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  std::string url(const std::string& path, const char* operation, Parameters more = {}) const;
  HttpRequest request(const char* method, std::string url) const;
  Result<json::value> ask(const char* method, const std::string& path, const char* operation,
                          std::string_view what, Parameters more = {}) const;

  HttpClient* client_;
  ClusterEndpoints endpoints_;
  const std::atomic<bool>* cancel_;
};

}  // namespace bdaas
