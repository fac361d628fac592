#pragma once
// For tests: the HTTP side of a NameNode, a DataNode and a ResourceManager in one server that
// answers as Hadoop 3.5.0 does; native/scripted_hdfs.h is the other. Keeps files in memory; what
// YARN shall say is set by the test.

#include <unistd.h>

#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "engine/ports.h"
#include "net/http_test_server.h"
#include "net/url.h"
#include "service/cluster_http.h"

namespace bdaas {

class ScriptedHadoop {
 public:
  // At a free port of 127.0.0.1.
  ScriptedHadoop() : server_(handler()) {}
  // At the ports of a real master.
  explicit ScriptedHadoop(const char* address)
      : server_(handler(), address, static_cast<std::uint16_t>(MasterPorts{}.namenode_http)) {
    resource_manager_.emplace(handler(), address,
                              static_cast<std::uint16_t>(MasterPorts{}.rm_http));
    driver_.emplace(handler(), address, static_cast<std::uint16_t>(MasterPorts{}.driver_http));
  }

  ClusterEndpoints endpoints() const {
    ClusterEndpoints endpoints;
    // By a name that only the table knows, as a cluster's are.
    endpoints.namenode = fmt::format("http://c-7-master:{}", server_.port());
    endpoints.resource_manager = endpoints.namenode;
    endpoints.user = "ann";
    endpoints.hosts = std::make_shared<HostMap>(HostMap{
        .addresses = {{"c-7-master", "127.0.0.1"}, {"c-7-worker-1", "127.0.0.1"}}, .dial = {}});
    return endpoints;
  }

  std::map<std::string, std::string> files() {
    const std::lock_guard lock(mutex_);
    return files_;
  }
  void put(const std::string& path, const std::string& content) {
    const std::lock_guard lock(mutex_);
    files_[path] = content;
  }
  void say(const std::string& target_prefix, int status, const std::string& body) {
    const std::lock_guard lock(mutex_);
    said_[target_prefix] = {status, body};
  }
  // What begins so is taken, and the connection breaks before an answer.
  void lose(const std::string& target_prefix) { say(target_prefix, 0, ""); }
  // Its DataNode gives all of the file but its end, for which it stays silent.
  void stall(const std::string& path) {
    const std::lock_guard lock(mutex_);
    stalled_.insert(path);
  }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  std::string last_body() {
    const std::lock_guard lock(mutex_);
    return last_body_;
  }
  bool ignores_start = false;        // every page is the first; likewise
  std::int64_t page_entries = 1000;  // of one LISTSTATUS_BATCH; set before the first request

 private:
  using Connection = HttpTestServer::Connection;
  using Request = HttpTestServer::Request;

  HttpTestServer::Handler handler() {
    return HttpTestServer::each(
        [this](Connection& to, const Request& request) { answer(to, request); });
  }

  static std::string parameter(const std::string& target, const std::string& name) {
    const auto at = target.find(name + "=");
    if (at == target.npos) return "";
    const auto begin = at + name.size() + 1;
    return percent_decode(target.substr(begin, target.find_first_of("& ", begin) - begin)).value();
  }

  void answer(Connection& to, const Request& request) {
    const std::string line = request.line();
    const auto blank = line.find(' ');
    const std::string target = line.substr(blank + 1, line.rfind(' ') - blank - 1);
    const std::lock_guard lock(mutex_);
    lines_.push_back(line);
    if (!request.body.empty()) last_body_ = request.body;
    for (const auto& [prefix, said] : said_) {
      if (!line.starts_with(prefix)) continue;
      return said.first == 0 ? to.close() : to.answer(said.first, said.second);
    }
    if (target.starts_with("/webhdfs/v1")) return answer_hdfs(to, target);
    to.answer(404,
              R"({"RemoteException":{"exception":"NotFoundException","message":"no such page"}})");
  }

  void answer_hdfs(Connection& to, const std::string& target) {
    const std::string path = percent_decode(target.substr(11, target.find('?') - 11)).value();
    const std::string operation = parameter(target, "op");
    if (parameter(target, "user.name") != "ann") return to.answer(401, "");
    if (operation == "OPEN") {
      if (target.find("&datanode=true") == target.npos) {
        return to.answer(307, "",
                         fmt::format("Location: http://c-7-worker-1:{}{}&datanode=true\r\n",
                                     server_.port(), target));
      }
      if (!files_.contains(path)) return missing(to, path);
      const std::string& content = files_[path];
      const std::size_t offset = std::stoull(parameter(target, "offset"));
      if (offset > content.size()) return to.answer(403, "");
      if (stalled_.contains(path)) {
        return to.say(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}",
                                  content.size() - offset + 1, content.substr(offset)));
      }
      return to.answer(200, content.substr(offset));
    }
    if (operation == "MKDIRS") {
      directories_.insert(path);
      return to.answer(200, R"({"boolean":true})");
    }
    if (operation == "GETFILESTATUS") return answer_status(to, path);
    if (operation == "LISTSTATUS_BATCH")
      return answer_list(to, path, ignores_start ? "" : parameter(target, "startafter"));
    if (operation == "DELETE") {
      const auto gone = std::erase_if(files_, [&](const auto& file) {
        return file.first == path || file.first.starts_with(path + "/");
      });
      return to.answer(200, gone > 0 ? R"({"boolean":true})" : R"({"boolean":false})");
    }
    if (operation == "RENAME") {
      const std::string to_path = parameter(target, "destination");
      if (!files_.contains(path) || files_.contains(to_path)) {
        return to.answer(200, R"({"boolean":false})");
      }
      files_[to_path] = files_.extract(path).mapped();
      return to.answer(200, R"({"boolean":true})");
    }
    to.answer(400, "");
  }

  static void missing(Connection& to, const std::string& path) {
    to.answer(404, fmt::format(R"({{"RemoteException":{{"exception":"FileNotFoundException",)"
                               R"("javaClassName":"java.io.FileNotFoundException",)"
                               R"("message":"File does not exist: {}"}}}})",
                               path));
  }

  bool is_directory(const std::string& path) const {
    if (directories_.contains(path)) return true;
    const auto file = files_.lower_bound(path + "/");
    return file != files_.end() && file->first.starts_with(path + "/");
  }

  static std::string status_of(const std::string& suffix, bool directory, std::size_t bytes) {
    return fmt::format(R"({{"accessTime":0,"blockSize":0,"length":{},"modificationTime":77,)"
                       R"("owner":"ann","pathSuffix":"{}","permission":"755","type":"{}"}})",
                       bytes, suffix, directory ? "DIRECTORY" : "FILE");
  }

  void answer_status(Connection& to, const std::string& path) {
    const auto file = files_.find(path);
    if (file == files_.end() && !is_directory(path)) return missing(to, path);
    const bool directory = file == files_.end();
    to.answer(200, R"({"FileStatus":)" +
                       status_of("", directory, directory ? 0 : file->second.size()) + "}");
  }

  void answer_list(Connection& to, const std::string& path, const std::string& start_after) {
    if (!is_directory(path)) return missing(to, path);
    std::map<std::string, std::string> entries;  // name → its status
    for (const auto& [file, content] : files_) {
      if (!file.starts_with(path + "/")) continue;
      const std::string rest = file.substr(path.size() + 1);
      const auto slash = rest.find('/');
      const std::string name = rest.substr(0, slash);
      entries[name] = status_of(name, slash != rest.npos, slash == rest.npos ? content.size() : 0);
    }
    std::string page;
    std::int64_t shown = 0;
    std::int64_t left = 0;
    for (const auto& [name, status] : entries) {
      if (name <= start_after) continue;
      if (shown == page_entries) {
        ++left;
        continue;
      }
      page += (shown++ == 0 ? "" : ",") + status;
    }
    to.answer(200, fmt::format(R"({{"DirectoryListing":{{"partialListing":{{"FileStatuses":)"
                               R"({{"FileStatus":[{}]}}}},"remainingEntries":{}}}}})",
                               page, left));
  }

  std::mutex mutex_;
  std::map<std::string, std::string> files_;  // guarded by mutex_, as the rest
  std::set<std::string> directories_;
  std::set<std::string> stalled_;
  std::map<std::string, std::pair<int, std::string>> said_;  // by the request line's beginning
  std::vector<std::string> lines_;
  std::string last_body_;
  HttpTestServer server_;  // the servers last: they end first
  std::optional<HttpTestServer> resource_manager_;
  std::optional<HttpTestServer> driver_;  // of a standalone cluster
};

}  // namespace bdaas
