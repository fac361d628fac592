#pragma once
// How a browser, which cannot send our token, is let in to look at pages: a link that is good for
// one visit within two minutes gives it a cookie, and the cookie opens pages for twelve hours, or
// until the manager ends. Thread-safe, and quick.

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"

namespace bdaas::api {

inline constexpr std::string_view kPageCookie = "bdaas_pages";

// The value of our cookie in a Cookie header; empty when it is not there.
std::string_view session_of_cookies(std::string_view header);

class PageDoor {
 public:
  PageDoor(const Clock& clock, Entropy& entropy) : clock_(clock), entropy_(entropy) {}

  struct Key {
    std::string text;
    Time expires_at{};
    std::string to;  // of a link
  };

  Key make_link(std::string to);
  // The visit: a session, and where the link leads. Nothing when the link is unknown, used or old.
  std::optional<Key> visit(std::string_view link);
  bool knows(std::string_view session);

 private:
  Key& add(std::deque<Key>& keys, Millis life);

  const Clock& clock_;
  Entropy& entropy_;
  std::mutex mutex_;
  std::deque<Key> links_;     // guarded by mutex_; oldest first
  std::deque<Key> sessions_;  // guarded by mutex_; oldest first
};

}  // namespace bdaas::api
