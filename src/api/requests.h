#pragma once
// The bodies and queries that belong to the API alone, and the shapes of its answers.

#include "model/agent_messages.h"
#include "model/nouns.h"
#include "store/store.h"

namespace bdaas::api {

// ---- queries ----

struct PageQuery {
  std::string after;
  std::int64_t limit = 100;

  static constexpr auto fields() {
    return std::tuple{optional("after", &PageQuery::after, "`next` of the page before"),
                      optional("limit", &PageQuery::limit, "items of a page; default 100")};
  }
};

struct EventQuery {
  std::string subject;
  std::int64_t after = 0;
  std::int64_t limit = 1000;

  static constexpr auto fields() {
    return std::tuple{
        optional("subject", &EventQuery::subject,
                 "id: only events of it and of what belongs to it"),
        optional("after", &EventQuery::after, "seq of the last event that is known already"),
        optional("limit", &EventQuery::limit, "items of a page; a live stream has none")};
  }
};

struct LogQuery {
  OutputStream stream = OutputStream::out;
  std::int64_t offset = 0;
  bool follow = false;

  static constexpr auto fields() {
    return std::tuple{optional("stream", &LogQuery::stream, "default stdout"),
                      optional("offset", &LogQuery::offset, "bytes that are known already"),
                      optional("follow", &LogQuery::follow, "stay until the step's output ends")};
  }
};

// ---- bodies ----

struct InPlaceRequest {
  std::string path;

  static constexpr auto fields() {
    return std::tuple{
        required("path", &InPlaceRequest::path, "absolute, of a file on the manager's machine")};
  }
};

struct ResizeRequest {
  std::int64_t workers = 1;

  static constexpr auto fields() {
    return std::tuple{required("workers", &ResizeRequest::workers, "1..1000")};
  }
};

struct ClusterCheckRequest {
  ClusterSpec place;
  std::int64_t data_bytes = 0;

  static constexpr auto fields() {
    return std::tuple{
        required("place", &ClusterCheckRequest::place, "the cluster that is thought of"),
        optional("data_bytes", &ClusterCheckRequest::data_bytes, "that HDFS is to hold")};
  }
};

struct ShutdownRequest {
  bool terminate_clusters = false;

  static constexpr auto fields() {
    return std::tuple{optional("terminate_clusters", &ShutdownRequest::terminate_clusters,
                               "give every cluster back first; default: their agents run on")};
  }
};

struct PageLinkRequest {
  std::string to;

  static constexpr auto fields() {
    return std::tuple{required("to", &PageLinkRequest::to,
                               "path of a page: below /v1/pages/ or /v1/clusters/{id}/pages/")};
  }
};

// ---- answers ----

struct ClusterCheck {
  MemoryPlan memory;

  static constexpr auto fields() {
    return std::tuple{required("memory", &ClusterCheck::memory, "how it would be shared")};
  }
};

struct PageLink {
  std::string path;
  Time expires_at{};

  static constexpr auto fields() {
    return std::tuple{required("path", &PageLink::path, "for a browser; good for one visit"),
                      required("expires_at", &PageLink::expires_at, "")};
  }
};

struct PageView {
  std::string name;
  std::string title;
  std::string path;
  bool live = false;
  std::string host;
  std::int64_t port = 0;
  std::string start;
  std::optional<Time> snapshot_at;

  static constexpr auto fields() {
    return std::tuple{
        required("name", &PageView::name, "namenode, resourcemanager, driver, …"),
        required("title", &PageView::title, "for people"),
        required("path", &PageView::path, "where it stands"),
        required("live", &PageView::live, "its cluster lives; else there is a snapshot only"),
        optional("host", &PageView::host, "of a living one: the host of its node"),
        optional("port", &PageView::port, "and the port there; 0: it does not live"),
        optional("start", &PageView::start, "and its main page there"),
        optional("snapshot_at", &PageView::snapshot_at, "when it was last looked at")};
  }
};

template <class T>
struct Page {
  std::vector<T> items;
  std::optional<std::string> next;

  static constexpr auto fields() {
    return std::tuple{
        required("items", &Page::items, "oldest first"),
        optional("next", &Page::next, "ask on with ?after=; absent on the last page")};
  }
};

// All there is, without pages.
template <class T>
struct Items {
  std::vector<T> items;

  static constexpr auto fields() {
    return std::tuple{required("items", &Items::items, "all of them")};
  }
};

struct Health {
  bool ok = true;

  static constexpr auto fields() { return std::tuple{required("ok", &Health::ok, "it answers")}; }
};

struct ManagerInfo {
  std::string version;
  InstallationId installation;
  std::int64_t pid = 0;
  Time started_at{};

  static constexpr auto fields() {
    return std::tuple{required("version", &ManagerInfo::version, "of bdaas"),
                      required("installation", &ManagerInfo::installation, "on every tag and mark"),
                      required("pid", &ManagerInfo::pid, "of the manager"),
                      required("started_at", &ManagerInfo::started_at, "")};
  }
};

struct Accepted {
  bool ok = true;

  static constexpr auto fields() {
    return std::tuple{required("ok", &Accepted::ok, "it will be done")};
  }
};

// A node and what its lease says: a node's life is that of its lease.
struct NodeView : Node {
  Status<LeaseState> status;
  std::optional<Machine> machine;
  std::optional<KnownSshLogin> login;
  Time expires_at{};

  static constexpr auto fields() {
    return std::tuple_cat(
        Node::fields(),
        std::tuple{required("status", &NodeView::status, "of its lease"),
                   optional("machine", &NodeView::machine, "what its lease gave"),
                   optional("login", &NodeView::login,
                            "of a machine behind SSH: all that a client on the manager's machine "
                            "needs to log in there"),
                   optional("expires_at", &NodeView::expires_at,
                            "when its machine ends by itself, unless the manager puts it off")});
  }
};

struct UploadView {
  UploadId id;
  UserId owner;
  std::int64_t offset = 0;
  std::int64_t length = 0;
  std::optional<std::string> object;
  Time expires_at{};

  static constexpr auto fields() {
    return std::tuple{
        required("id", &UploadView::id, "up-…"),
        required("owner", &UploadView::owner, "user"),
        required("offset", &UploadView::offset, "bytes taken"),
        required("length", &UploadView::length, "bytes in all"),
        optional("object", &UploadView::object, "p-… or d-…, when it is whole"),
        required("expires_at", &UploadView::expires_at, "when it is forgotten, unless more comes")};
  }
};

struct ErrorDetail {
  ErrorKind kind = ErrorKind::internal;
  std::string message;

  static constexpr auto fields() {
    return std::tuple{required("kind", &ErrorDetail::kind, "what a program may react to"),
                      required("message", &ErrorDetail::message, "one sentence for a person")};
  }
};

struct ErrorAnswer {
  ErrorDetail error;

  static constexpr auto fields() { return std::tuple{required("error", &ErrorAnswer::error, "")}; }
};

// One line of the stream of a release's fetch: something for people, or the end of it.
struct FetchLine {
  std::optional<std::string> line;
  std::optional<bool> ok;
  std::optional<ErrorDetail> error;

  static constexpr auto fields() {
    return std::tuple{optional("line", &FetchLine::line, "what goes on"),
                      optional("ok", &FetchLine::ok, "true on the last line of a good end"),
                      optional("error", &FetchLine::error, "on the last line of a bad end")};
  }
};

}  // namespace bdaas::api
