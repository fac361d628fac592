#pragma once
// For tests: class files and jars made by hand.

#include <archive.h>
#include <archive_entry.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/files.h"

namespace bdaas {

class ClassFileBuilder {
 public:
  explicit ClassFileBuilder(std::string_view name) {
    this_class_ = add(std::string("\x07") + number(text(name), 2));
    add(std::string("\x05") + std::string(8, 'L'));  // a long takes two places
    ++constants_;
    super_class_ = add(std::string("\x07") + number(text("java/lang/Object"), 2));
    code_ = text("Code");
  }

  ClassFileBuilder& method(unsigned access, std::string_view name, std::string_view type) {
    const auto name_index = text(name);
    const auto type_index = text(type);
    methods_ += number(access, 2) + number(name_index, 2) + number(type_index, 2) + number(1, 2) +
                number(code_, 2) + number(5, 4) + "bytes";
    ++method_count_;
    return *this;
  }
  ClassFileBuilder& main_method() { return method(0x0009, "main", "([Ljava/lang/String;)V"); }

  std::string bytes() const {
    return "\xCA\xFE\xBA\xBE" + number(61, 4) + number(constants_, 2) + pool_ + number(0x21, 2) +
           number(this_class_, 2) + number(super_class_, 2) + number(0, 2) + number(0, 2) +
           number(method_count_, 2) + methods_ + number(0, 2);
  }

 private:
  static std::string number(unsigned value, int bytes) {
    std::string text;
    for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i) & 0xff);
    return text;
  }
  unsigned add(const std::string& constant) {
    pool_ += constant;
    return constants_++;
  }
  unsigned text(std::string_view value) {
    return add(std::string("\x01") + number(static_cast<unsigned>(value.size()), 2) +
               std::string(value));
  }

  std::string pool_;
  std::string methods_;
  unsigned constants_ = 1;
  unsigned method_count_ = 0;
  unsigned this_class_ = 0;
  unsigned super_class_ = 0;
  unsigned code_ = 0;
};

// A zip of the given names and contents; false when libarchive refuses.
inline bool write_zip(const fs::path& path,
                      const std::vector<std::pair<std::string, std::string>>& entries) {
  archive* zip = archive_write_new();
  bool good = archive_write_set_format_zip(zip) == ARCHIVE_OK &&
              archive_write_open_filename(zip, path.c_str()) == ARCHIVE_OK;
  for (const auto& [name, content] : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_copy_pathname(entry, name.c_str());
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    good = good && archive_write_header(zip, entry) == ARCHIVE_OK &&
           archive_write_data(zip, content.data(), content.size()) ==
               static_cast<la_ssize_t>(content.size());
    archive_entry_free(entry);
  }
  good = archive_write_close(zip) == ARCHIVE_OK && good;
  archive_write_free(zip);
  return good;
}

}  // namespace bdaas
