#include "service/page_links.h"

#include <fmt/core.h>

#include <array>
#include <cctype>

#include "base/json.h"

namespace bdaas {
namespace {

constexpr std::size_t kTagBytesMax = 16 * 1024;  // a longer one is no tag

bool is_below(std::string_view path, std::string_view place) {
  return path.starts_with(place) && (path.size() == place.size() || path[place.size()] == '/');
}

std::string below(const std::string& place, std::string_view path) {
  if (is_below(path, place)) return std::string(path);
  return place + (path.empty() ? "/" : std::string(path));
}

bool same_word(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(text[i])) != lower[i]) return false;
  }
  return true;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_link_attribute(std::string_view name) {
  constexpr std::array<std::string_view, 3> kNames = {"href", "src", "action"};
  for (const auto known : kNames) {
    if (same_word(name, known)) return true;
  }
  return false;
}

// "<script src=…>" → "script".
std::string_view tag_name(std::string_view tag) {
  std::size_t end = 1;
  while (end < tag.size() && std::isalnum(static_cast<unsigned char>(tag[end])) != 0) ++end;
  return tag.substr(1, end - 1);
}

// The attributes of one tag, looked at one after the other.
class Attributes {
 public:
  Attributes(std::string_view tag, const PageLinks& links) : tag_(tag), links_(links) {}

  std::string rewritten() {
    while (at_ < tag_.size()) {
      copy_while([](char c) { return !is_space(c); });
      copy_while(is_space);
      const std::string_view name =
          take_while([](char c) { return c != '=' && c != '>' && !is_space(c); });
      out_ += name;
      copy_while(is_space);
      if (at_ >= tag_.size() || tag_[at_] != '=') continue;
      out_ += tag_[at_++];
      copy_while(is_space);
      put_value(is_link_attribute(name));
    }
    return std::move(out_);
  }

 private:
  template <class Condition>
  std::string_view take_while(Condition condition) {
    const std::size_t begin = at_;
    while (at_ < tag_.size() && condition(tag_[at_])) ++at_;
    return tag_.substr(begin, at_ - begin);
  }
  template <class Condition>
  void copy_while(Condition condition) {
    out_ += take_while(condition);
  }

  void put_value(bool link) {
    const char quote = at_ < tag_.size() ? tag_[at_] : '\0';
    const bool quoted = quote == '"' || quote == '\'';
    if (quoted) out_ += tag_[at_++];
    const std::string_view value =
        take_while([&](char c) { return quoted ? c != quote : c != '>' && !is_space(c); });
    out_ += link ? through_manager(links_, value) : std::string(value);
    if (quoted && at_ < tag_.size()) out_ += tag_[at_++];
  }

  std::string_view tag_;
  const PageLinks& links_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string through_manager(const PageLinks& links, std::string_view link) {
  std::string_view rest = link;
  if (rest.starts_with("http:")) rest.remove_prefix(5);
  if (!rest.starts_with("//")) {
    return link.starts_with('/') ? below(links.here, link) : std::string(link);
  }
  rest.remove_prefix(2);
  const auto end = std::min(rest.find_first_of("/?#"), rest.size());
  const auto server = links.servers.find(std::string(rest.substr(0, end)));
  if (server == links.servers.end()) return std::string(link);
  std::string path(rest.substr(end));
  if (!path.starts_with('/')) path.insert(path.begin(), '/');
  return below(server->second, path);
}

std::string HtmlRewriter::feed(std::string_view bytes) {
  const std::string text = std::move(held_) + std::string(bytes);
  held_.clear();
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto open = std::min(text.find('<', at), text.size());
    out.append(text, at, open - at);
    if (open == text.size()) break;
    const auto close = text.find('>', open);
    if (close == text.npos) {
      const auto another = text.find('<', open + 1);
      if (another == text.npos && text.size() - open <= kTagBytesMax) {
        held_ = text.substr(open);
        break;
      }
      out += '<';
      at = open + 1;
      continue;
    }
    // "a < b" in a script: the tag begins at the last '<' before the '>'.
    const auto begin = text.rfind('<', close);
    out.append(text, open, begin - open);
    put_tag(std::string_view(text).substr(begin, close + 1 - begin), out);
    at = close + 1;
  }
  return out;
}

std::string HtmlRewriter::finish() { return std::move(held_); }

void HtmlRewriter::put_tag(std::string_view tag, std::string& out) {
  const auto name = tag_name(tag);
  const bool before = !has_script_ && same_word(name, "script");
  const bool behind = !has_script_ && same_word(name, "head");
  if (before) out += script();
  out += Attributes(tag, links_).rewritten();
  if (behind) out += script();
  has_script_ = has_script_ || before || behind;
}

// Links that the page's scripts make are turned when they are followed.
std::string HtmlRewriter::script() const {
  json::object servers;
  for (const auto& [server, path] : links_.servers) servers[server] = path;
  return fmt::format(
      R"(<script>(function(p,s){{var o=XMLHttpRequest.prototype.open;)"
      R"(XMLHttpRequest.prototype.open=function(m,u){{var a=[].slice.call(arguments);)"
      R"(if(typeof u==="string"&&u[0]==="/"&&u[1]!=="/"&&u.indexOf(p+"/")!==0)a[1]=p+u;)"
      R"(return o.apply(this,a)}};document.addEventListener("click",function(e){{)"
      R"(var a=e.target.closest&&e.target.closest("a[href]");)"
      R"(if(a&&s[a.host])a.href=s[a.host]+a.pathname+a.search+a.hash}},true)}})("{}",{});)"
      R"(</script>)",
      links_.here, write_json(servers));
}

}  // namespace bdaas
