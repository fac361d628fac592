#pragma once
// The web pages of engines, shown through the manager: what the room `api` asks of the room
// `service`.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/engine.h"

namespace bdaas {

// A server of pages that a cluster's plan names.
struct PageServer {
  std::string name;   // in URLs: namenode, resourcemanager, driver, <host>.nodemanager
  std::string title;  // "HDFS NameNode"
  std::string host;   // symbolic
  std::int64_t port = 0;
  std::string start = "/";  // its main page

  // What a snapshot keeps of it: JSON behind these paths; {application} stands for the program that
  // runs.
  struct Part {
    std::string heading;
    std::string path;
  };
  std::vector<Part> overview;
};

struct PageRequest {
  using Header = std::pair<std::string, std::string>;
  bool head = false;            // HEAD, else GET
  std::string target;           // path and query at the server, as sent; begins with '/'
  std::vector<Header> headers;  // that are passed on
};

// The body of an answer, as it comes. As BodySource of api/http.h: pull() never waits; `wake` is
// called when a pull() that gave nothing would now give something, and never after the destructor.
class PageBody {
 public:
  struct Piece {
    std::string bytes;
    bool end = false;
    bool broken = false;
  };
  virtual ~PageBody() = default;
  virtual Piece pull() = 0;
  virtual void on_wake(std::function<void()> wake) = 0;
};

struct PageAnswer {
  int status = 200;
  std::vector<PageRequest::Header> headers;  // that are passed on; links in them lead to us
  std::string body;                          // when there is no stream
  std::unique_ptr<PageBody> stream;
  std::optional<std::uint64_t> length;  // of what the stream gives
};

// What a page said when somebody last looked: JSON texts under headings.
struct PageSnapshot {
  struct Part {
    std::string heading;
    std::string content;  // JSON

    static constexpr auto fields() {
      return std::tuple{required("heading", &Part::heading, ""),
                        required("content", &Part::content, "JSON")};
    }
  };
  std::string page;
  std::string title;
  Time taken_at{};
  std::vector<Part> parts;

  static constexpr auto fields() {
    return std::tuple{required("page", &PageSnapshot::page, ""),
                      required("title", &PageSnapshot::title, ""),
                      required("taken_at", &PageSnapshot::taken_at, ""),
                      required("parts", &PageSnapshot::parts, "")};
  }
};

// Any thread; blocking where it says so.
class Pages {
 public:
  virtual ~Pages() = default;

  // All page servers of a living cluster; none for engines without pages.
  virtual std::vector<PageServer> servers(const ClusterFacts& cluster) const = 0;

  // Blocks until the head of the answer is there. `place` is the path below which the cluster's
  // pages stand for a browser: links in pages and redirects are turned to it. not_found: no such
  // page; unavailable, deadline_exceeded: it does not answer.
  virtual Result<PageAnswer> get(const ClusterFacts& cluster, const std::string& place,
                                 const std::string& page, const PageRequest& request) = 0;

  // Of the History Server, which is started by the first of these and may take seconds.
  virtual Result<PageAnswer> history(const PageRequest& request) = 0;

  virtual std::vector<PageSnapshot> snapshots(const ClusterId& cluster) const = 0;
  virtual Result<PageSnapshot> snapshot(const ClusterId& cluster,
                                        const std::string& page) const = 0;
};

// Where the History Server's pages stand for a browser. Spark's own scripts look for the words
// /history/<application> in the address, so nothing may stand in between.
inline constexpr const char* kHistoryPlace = "/v1/pages";

}  // namespace bdaas
