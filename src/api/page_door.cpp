#include "api/page_door.h"

#include <algorithm>

#include "base/constant_time.h"

namespace bdaas::api {

namespace {

constexpr Millis kLinkLife{2 * 60'000};
constexpr Millis kSessionLife{12 * 3'600'000};
constexpr std::size_t kKeysMax = 256;
constexpr int kKeyCharacters = 48;

}  // namespace

std::string_view session_of_cookies(std::string_view header) {
  while (!header.empty()) {
    const auto end = std::min(header.find(';'), header.size());
    auto pair = header.substr(0, end);
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    const auto equals = pair.find('=');
    if (equals != pair.npos && pair.substr(0, equals) == kPageCookie)
      return pair.substr(equals + 1);
    header.remove_prefix(std::min(end + 1, header.size()));
  }
  return {};
}

PageDoor::Key PageDoor::make_link(std::string to) {
  const std::lock_guard lock(mutex_);
  Key& link = add(links_, kLinkLife);
  link.to = std::move(to);
  return link;
}

std::optional<PageDoor::Key> PageDoor::visit(std::string_view link) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(links_.begin(), links_.end(), [&](const Key& key) {
    return equal_in_constant_time(key.text, link);
  });
  if (found == links_.end()) return std::nullopt;
  const Key used = std::move(*found);
  links_.erase(found);
  if (used.expires_at <= clock_.now()) return std::nullopt;
  Key session = add(sessions_, kSessionLife);
  session.to = used.to;
  return session;
}

bool PageDoor::knows(std::string_view session) {
  const std::lock_guard lock(mutex_);
  return std::any_of(sessions_.begin(), sessions_.end(), [&](const Key& key) {
    return key.expires_at > clock_.now() && equal_in_constant_time(key.text, session);
  });
}

PageDoor::Key& PageDoor::add(std::deque<Key>& keys, Millis life) {
  if (keys.size() >= kKeysMax) keys.pop_front();
  keys.push_back({random_text(entropy_, kKeyCharacters), clock_.now() + life, {}});
  return keys.back();
}

}  // namespace bdaas::api
