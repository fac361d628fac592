#include "stream/class_file.h"

#include <cstdint>
#include <vector>

namespace bdaas {

namespace {

constexpr std::uint32_t kMagic = 0xCAFEBABE;
constexpr std::uint32_t kPublic = 0x0001;
constexpr std::uint32_t kStatic = 0x0008;

// Reads big-endian numbers; reading over the end gives zeros and remembers it.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}
  bool ok() const { return ok_; }

  std::string_view take(std::size_t count) {
    if (count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const auto taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  std::uint32_t number(std::size_t bytes) {
    std::uint32_t value = 0;
    for (const char c : take(bytes)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

// Of the constant pool only texts and the names of classes matter.
struct ConstantPool {
  std::vector<std::string_view> texts;
  std::vector<std::uint32_t> class_names;  // index of a text

  std::string_view text(std::uint32_t index) const {
    return index < texts.size() ? texts[index] : std::string_view();
  }
};

// The bytes behind the tag, of the kinds with a fixed size (table 4.4-A); 0: unknown.
std::size_t constant_bytes(std::uint32_t tag) {
  switch (tag) {
    case 7:   // Class
    case 8:   // String
    case 16:  // MethodType
    case 19:  // Module
    case 20:  // Package
      return 2;
    case 15:  // MethodHandle
      return 3;
    case 3:   // Integer
    case 4:   // Float
    case 9:   // Fieldref
    case 10:  // Methodref
    case 11:  // InterfaceMethodref
    case 12:  // NameAndType
    case 17:  // Dynamic
    case 18:  // InvokeDynamic
      return 4;
    case 5:  // Long
    case 6:  // Double
      return 8;
    default:
      return 0;
  }
}

std::optional<ConstantPool> read_constants(Cursor& cursor) {
  const std::uint32_t count = cursor.number(2);
  ConstantPool pool;
  pool.texts.resize(count);
  pool.class_names.resize(count);
  for (std::uint32_t i = 1; i < count && cursor.ok(); ++i) {
    const std::uint32_t tag = cursor.number(1);
    if (tag == 1) {
      pool.texts[i] = cursor.take(cursor.number(2));
      continue;
    }
    const std::size_t bytes = constant_bytes(tag);
    if (bytes == 0) return std::nullopt;
    const std::uint32_t first = cursor.number(2);
    cursor.take(bytes - 2);
    if (tag == 7) pool.class_names[i] = first;
    if (bytes == 8) ++i;  // takes two places
  }
  return pool;
}

// Fields and methods are of one form; visit gets access flags, name and descriptor.
template <class Visit>
void read_members(Cursor& cursor, const ConstantPool& pool, Visit&& visit) {
  const std::uint32_t count = cursor.number(2);
  for (std::uint32_t i = 0; i < count && cursor.ok(); ++i) {
    const std::uint32_t access = cursor.number(2);
    const auto name = pool.text(cursor.number(2));
    const auto descriptor = pool.text(cursor.number(2));
    visit(access, name, descriptor);
    const std::uint32_t attributes = cursor.number(2);
    for (std::uint32_t j = 0; j < attributes && cursor.ok(); ++j) {
      cursor.number(2);
      cursor.take(cursor.number(4));
    }
  }
}

}  // namespace

std::optional<ClassFile> parse_class_file(std::string_view bytes) {
  Cursor cursor(bytes);
  if (cursor.number(4) != kMagic) return std::nullopt;
  cursor.number(4);  // versions
  const auto pool = read_constants(cursor);
  if (!pool) return std::nullopt;
  cursor.number(2);  // access flags
  const std::uint32_t this_class = cursor.number(2);
  cursor.number(2);  // super class
  const std::uint32_t interfaces = cursor.number(2);
  cursor.take(2 * std::size_t{interfaces});
  ClassFile result;
  if (this_class < pool->class_names.size())
    result.name = pool->text(pool->class_names[this_class]);
  read_members(cursor, *pool, [](auto...) {});
  read_members(cursor, *pool,
               [&](std::uint32_t access, std::string_view name, std::string_view type) {
                 const bool callable = (access & kPublic) != 0 && (access & kStatic) != 0;
                 if (callable && name == "main" && type == "([Ljava/lang/String;)V")
                   result.has_main = true;
               });
  if (!cursor.ok() || result.name.empty()) return std::nullopt;
  return result;
}

}  // namespace bdaas
