#pragma once
// releases/<name>.json: what a release pins, read strictly. Files of this folder are compiled into
// the binary, so that one file is an installation; docs/releases.md tells how to add one.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace bdaas {

enum class Registry { maven, pypi };
constexpr auto enum_table(Registry) {
  return enum_rows<Registry>({{Registry::maven, "maven"}, {Registry::pypi, "pypi"}});
}

// One download, as its registry's client names it.
struct PinnedFile {
  std::string coordinates;  // maven: group:artifact:version[:classifier]; pypi: name==version
  std::string file;         // the name the client gives it
  std::int64_t bytes = 0;
  std::string sha256;

  static constexpr auto fields() {
    return std::tuple{required("coordinates", &PinnedFile::coordinates,
                               "group:artifact:version or name==version"),
                      required("file", &PinnedFile::file, "the name the client gives it"),
                      required("bytes", &PinnedFile::bytes, ""),
                      required("sha256", &PinnedFile::sha256, "")};
  }
  bool operator==(const PinnedFile&) const = default;
};

// Entries of an archive whose name begins with `from` are laid out below `to`; the first rule that
// fits counts.
struct UnpackRule {
  std::string from;
  std::string to;

  static constexpr auto fields() {
    return std::tuple{required("from", &UnpackRule::from, "beginning of the name in the archive"),
                      required("to", &UnpackRule::to, "what it becomes in the package")};
  }
};

struct PackageSpec {
  std::string name;  // hadoop, spark, comet
  std::string version;
  Registry from = Registry::maven;
  std::vector<std::string> roots;  // what a person asked for; `files` is their closure
  std::vector<PinnedFile> files;
  std::vector<UnpackRule> unpack;   // takes the place of the files; for a .tar.gz
  std::vector<UnpackRule> extract;  // beside the files; for jars whose content a program wants
  std::int64_t laid_out_bytes = 0;

  static constexpr auto fields() {
    return std::tuple{required("name", &PackageSpec::name, ""),
                      required("version", &PackageSpec::version, ""),
                      required("from", &PackageSpec::from, "maven or pypi"),
                      optional("roots", &PackageSpec::roots, "what `files` is the closure of"),
                      optional("unpack", &PackageSpec::unpack, "takes the place of the files"),
                      optional("extract", &PackageSpec::extract, "beside the files"),
                      required("laid_out_bytes", &PackageSpec::laid_out_bytes, ""),
                      required("files", &PackageSpec::files, "")};
  }
};

// An AppCDS archive: dumped on this machine, for its JVM, from a pinned list of classes.
struct ArchiveSpec {
  std::string name;        // hadoop, spark
  std::string class_list;  // file of releases/, gzip
  std::vector<std::string>
      class_path;  // "package:pattern", for example "spark:jars/*"; in the engine's order

  static constexpr auto fields() {
    return std::tuple{required("name", &ArchiveSpec::name, ""),
                      required("class_list", &ArchiveSpec::class_list, "file beside this one"),
                      required("class_path", &ArchiveSpec::class_path, "package:pattern")};
  }
};

// What a daemon would make slowly at its first start, made once on this machine by running it: its
// files are then copied into each cluster.
struct TemplateSpec {
  using Properties = std::map<std::string, std::string>;

  std::string name;  // namenode, resourcemanager
  std::vector<std::string> class_path;
  std::string main_class;
  std::vector<std::string> arguments;
  std::map<std::string, Properties> settings;  // *.xml → properties; {dir} is a directory
  std::string
      until;         // a line with this text means that all is made; empty: the program ends itself
  std::string take;  // directory below {dir} that becomes the template
  std::vector<std::string> leave_out;  // names of files in it
  bool secret = false;                 // it holds keys: 0700

  static constexpr auto fields() {
    return std::tuple{
        required("name", &TemplateSpec::name, ""),
        required("class_path", &TemplateSpec::class_path, "package:pattern"),
        required("main_class", &TemplateSpec::main_class, ""),
        optional("arguments", &TemplateSpec::arguments, ""),
        required("settings", &TemplateSpec::settings,
                 "file → properties; {dir} stands for a place"),
        optional("until", &TemplateSpec::until, "text of the line that says all is made"),
        required("take", &TemplateSpec::take, "directory that becomes the template"),
        optional("leave_out", &TemplateSpec::leave_out, "files in it that do not"),
        optional("secret", &TemplateSpec::secret, "readable by its maker only; default false")};
  }
};

struct JavaRange {
  std::int64_t minimum = 0;
  std::int64_t maximum = 0;

  static constexpr auto fields() {
    return std::tuple{required("minimum", &JavaRange::minimum, "feature release"),
                      required("maximum", &JavaRange::maximum, "feature release")};
  }
};

struct ReleaseSpec {
  std::string name;
  JavaRange java;
  std::string python_minimum;  // "3.8"
  std::vector<PackageSpec> packages;
  std::vector<ArchiveSpec> archives;
  std::vector<TemplateSpec> templates;

  static constexpr auto fields() {
    return std::tuple{required("name", &ReleaseSpec::name, ""),
                      required("java", &ReleaseSpec::java, ""),
                      required("python_minimum", &ReleaseSpec::python_minimum, ""),
                      optional("archives", &ReleaseSpec::archives, ""),
                      optional("templates", &ReleaseSpec::templates, ""),
                      required("packages", &ReleaseSpec::packages, "")};
  }

  const PackageSpec* package(std::string_view package_name) const;
};

// Refuses unknown fields, double names, names that leave their directory and checksums that are
// none.
Result<ReleaseSpec> parse_release(std::string_view text);

// Equal keys are equal contents: a hash over everything that decides how the package looks when it
// is laid out.
std::string package_key(const PackageSpec& package);

// A file of releases/, compiled in.
struct EmbeddedFile {
  std::string_view name;
  std::string_view content;
};
std::span<const EmbeddedFile> embedded_release_files();

// What the room works on: the releases by the order of their names, and the class lists they refer
// to.
struct ReleaseCatalog {
  std::vector<ReleaseSpec> releases;
  std::map<std::string, std::string, std::less<>> class_lists;  // file name → gzip bytes

  const ReleaseSpec* find(std::string_view name) const;
};

// invalid_argument names the file that is wrong, or the class list that is missing.
Result<ReleaseCatalog> load_catalog(std::span<const EmbeddedFile> files);

}  // namespace bdaas
