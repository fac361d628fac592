#include "release/class_data.h"

#include <sys/stat.h>
#include <zlib.h>

#include "base/digest.h"
#include "base/subprocess.h"

namespace bdaas {
namespace {

constexpr auto kDumpTimeout = std::chrono::minutes(10);

// Inode and time: other when the package was laid out again, and with it perhaps the order of the
// files in it.
std::string identity_of(const fs::path& dir) {
  struct stat status {};
  if (::stat(dir.c_str(), &status) != 0) return "absent";
  return fmt::format("{} {} {}", status.st_ino, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

struct CloseInflate {
  void operator()(z_stream* stream) const {
    inflateEnd(stream);
    delete stream;
  }
};

Result<std::string> gunzip(const std::string& bytes) {
  const auto broken = [] { return fail(ErrorKind::corrupted, "the class list is no gzip file"); };
  std::unique_ptr<z_stream, CloseInflate> stream(new z_stream{});
  constexpr int kGzip = 16 + MAX_WBITS;
  if (inflateInit2(stream.get(), kGzip) != Z_OK) return broken();
  stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream->avail_in = static_cast<uInt>(bytes.size());
  std::string text;
  std::string buffer(256 * 1024, '\0');
  for (;;) {
    stream->next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream->avail_out = static_cast<uInt>(buffer.size());
    const int code = inflate(stream.get(), Z_NO_FLUSH);
    text.append(buffer, 0, buffer.size() - stream->avail_out);
    if (code == Z_STREAM_END) return text;
    if (code != Z_OK) return broken();
  }
}

}  // namespace

ClassData class_data_of(const ArchiveSpec& archive, const PackageHomes& homes,
                        const std::string& class_list, const Java& java) {
  ClassData data;
  data.name = archive.name;
  data.class_list = &class_list;
  Sha256 key;
  key.update("AppCDS 1 " + java.identity + sha256_hex(class_list));
  for (const auto& pattern : class_path_patterns(archive.class_path, homes)) {
    key.update(pattern.native() + identity_of(pattern.parent_path()));
  }
  data.class_path = class_path_of(archive.class_path, homes);
  data.key = key.hex();
  return data;
}

Result<> dump_class_data(const ClassData& data, const Java& java, const fs::path& into,
                         const std::atomic<bool>& cancel) {
  BDAAS_ASSIGN(const auto classes, gunzip(*data.class_list));
  const auto list = into / "classes.list";
  BDAAS_TRY(write_file(list, classes));
  Command command;
  command.argv = {
      java.home + "/bin/java",
      "-Xshare:dump",
      "-XX:+UseSerialGC",  // as the engine's JVMs: heap objects of an archive are read by G1 only
      "-XX:SharedClassListFile=" + list.native(),
      "-XX:SharedArchiveFile=" + (into / kClassDataFile).native(),
      "-Xlog:disable",
      "-Xlog:all=error:stderr",
      "-cp",
      data.class_path};
  command.timeout = kDumpTimeout;
  command.cancel = &cancel;
  BDAAS_TRY(run_checked(command));
  std::error_code error;
  if (!fs::exists(into / kClassDataFile, error)) {
    return fail(ErrorKind::failed_precondition, "the JVM wrote no archive");
  }
  return remove_tree(list);
}

}  // namespace bdaas
