#pragma once
// Strong ids: a ClusterId is never taken for a NodeId. Written "<prefix>-<12 of a-z0-9>", for
// example c-4k2m9x0p1qzr.

#include <compare>
#include <functional>
#include <string>
#include <string_view>

namespace bdaas {

template <class Tag>
struct Id {
  using tag = Tag;
  std::string text;

  bool empty() const { return text.empty(); }
  auto operator<=>(const Id&) const = default;
};

template <class T>
struct is_id : std::false_type {};
template <class Tag>
struct is_id<Id<Tag>> : std::true_type {};

// Where randomness comes from; a simulation passes a seeded one. Thread-safe.
class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual unsigned long long next() = 0;
};

class SystemEntropy final : public Entropy {
 public:
  unsigned long long next() override;  // getrandom(2)
};

// 12 characters of 36: 62 bits.
std::string random_text(Entropy& entropy, int characters = 12);

template <class IdType>
IdType new_id(Entropy& entropy) {
  return IdType{std::string(IdType::tag::prefix) + "-" + random_text(entropy)};
}

}  // namespace bdaas

template <class Tag>
struct std::hash<bdaas::Id<Tag>> {
  std::size_t operator()(const bdaas::Id<Tag>& id) const {
    return std::hash<std::string>{}(id.text);
  }
};
