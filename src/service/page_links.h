#pragma once
// Links of a server's pages, turned so that they lead through the manager. Pure.

#include <map>
#include <string>
#include <string_view>

namespace bdaas {

struct PageLinks {
  std::string here;  // path where the server of this page stands: "/v1/clusters/c-1/pages/namenode"
  std::map<std::string, std::string> servers;  // "host:port" → path where it stands
};

// "/x" → here/x; "http://host:port/x" and "//host:port/x" of a known server → its path/x. All else
// stays: relative links, those that lead to us already, foreign servers.
std::string through_manager(const PageLinks& links, std::string_view link);

// Rewrites href, src and action attributes of HTML that comes in pieces, and makes the page's own
// scripts ask through us: their requests for "/x" are meant for the server of the page.
class HtmlRewriter {
 public:
  explicit HtmlRewriter(PageLinks links) : links_(std::move(links)) {}
  std::string feed(std::string_view bytes);
  std::string finish();  // what was held back

 private:
  void put_tag(std::string_view tag, std::string& out);
  std::string script() const;

  PageLinks links_;
  std::string held_;  // from the '<' of a tag whose end has not come
  bool has_script_ = false;
};

}  // namespace bdaas
