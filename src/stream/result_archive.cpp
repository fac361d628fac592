#include "stream/result_archive.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/os_error.h"
#include "base/tar_reader.h"
#include "stream/manifest.h"
#include "stream/tar_gz_writer.h"

namespace bdaas {

namespace {

constexpr std::size_t kCopyBytes = 64 * 1024;

Manifest manifest_of(const CollectRequest& request) {
  Manifest manifest;
  manifest.job = request.job.id;
  manifest.job_name = request.job.spec.name;
  manifest.command = request.command;
  manifest.program = request.program.name;
  manifest.program_sha256 = request.program.sha256;
  manifest.main_class = request.step.spec.main_class;
  manifest.args = request.step.spec.args;
  for (const auto& data : request.data) {
    manifest.data.push_back({data.name, data.sha256, data.bytes, data.files});
  }
  manifest.workers = request.cluster.spec.workers;
  manifest.engine = request.cluster.spec.engine;
  manifest.release = request.cluster.release.name;
  manifest.versions = request.cluster.release.versions;
  manifest.state = request.step.status.state;
  manifest.exit_code = request.step.exit_code;
  manifest.started_at = request.step.started_at;
  manifest.ended_at = request.step.ended_at;
  return manifest;
}

// The job's name where it can be a directory's, else its id.
std::string top_directory(const Job& job) {
  const auto& name = job.spec.name;
  const bool plain = check_relative_name(name).ok() && name.find('/') == name.npos;
  return plain ? name : job.id.text;
}

// Files of a run that did not come to its end; the engine would remove them itself.
bool is_unfinished(std::string_view name) {
  return name.starts_with("_temporary/") || name.find("/_temporary/") != name.npos;
}

// One archive in the making.
class Collection {
 public:
  Collection(const CollectRequest& request, const std::atomic<bool>& cancel, TarGzWriter& writer)
      : request_(request),
        cancel_(cancel),
        writer_(writer),
        top_(top_directory(request.job)),
        manifest_(manifest_of(request)) {}

  Result<> add_output(EngineService& service) {
    const auto& dir = request_.step.output;
    auto listed = service.list_files(request_.cluster, dir);
    const bool absent = !listed && listed.error().kind == ErrorKind::not_found;
    if (!listed && !absent) return std::move(listed).error().context("cannot list the output");
    if (!absent) {
      for (const auto& file : *listed) {
        if (is_unfinished(file.name)) continue;
        BDAAS_TRY(add_file("output/" + file.name, file.bytes, [&](const EngineService::Sink& sink) {
          return service.read_file(request_.cluster, dir + "/" + file.name, sink, cancel_);
        }));
        ++output_files_;
      }
    }
    if (output_files_ == 0) {
      note(fmt::format("the program wrote no file to its output place {}", dir));
    }
    return {};
  }

  Result<> add_log(const FileSpool& spool, OutputStream stream) {
    const auto path = spool.path_of(request_.step.id, stream);
    const std::string name(to_text(stream));
    note_of(spool, stream, "logs/" + name);
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat status {};
    if (!fd.valid() && errno != ENOENT) {
      return os_error(errno, fmt::format("cannot open '{}'", path.native()));
    }
    if (fd.valid() && ::fstat(fd.get(), &status) != 0) {
      return os_error(errno, fmt::format("cannot look at '{}'", path.native()));
    }
    // It may still grow; what is there now is taken.
    return add_file("logs/" + name, status.st_size, [&](const EngineService::Sink& sink) {
      return copy(fd.get(), status.st_size, sink);
    });
  }

  // A tar that was cut off gives what is whole in it.
  Result<> add_work(const FileSpool& spool) {
    const auto path = spool.path_of(request_.step.id, OutputStream::work);
    note_of(spool, OutputStream::work, "work");
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || status.st_size == 0) return {};
    BDAAS_ASSIGN(auto reader, TarReader::open(path));
    for (;;) {
      auto next = reader.next();
      if (!next) {
        note(fmt::format("of the files left in the working directory some are missing: {}",
                         next.error().message));
        return {};
      }
      const auto& entry = *next;
      if (!entry) return {};
      if (entry->directory) continue;
      BDAAS_TRY(add_file("work/" + entry->name, entry->bytes,
                         [&](const EngineService::Sink& sink) { return copy(reader, sink); }));
    }
  }

  // Last: it has the sums of all others.
  Result<> add_manifest() {
    const auto text = write_json_pretty(to_json(manifest_));
    BDAAS_TRY(writer_.begin_file(top_ + "/manifest.json", static_cast<std::int64_t>(text.size())));
    BDAAS_TRY(writer_.write(text));
    BDAAS_ASSIGN(const auto sha256, writer_.end_file());
    return {};
  }

  std::int64_t output_files() const { return output_files_; }

 private:
  template <class Source>
  Result<> add_file(const std::string& path, std::int64_t bytes, Source&& source) {
    BDAAS_TRY(check_cancel());
    BDAAS_TRY(writer_.begin_file(top_ + "/" + path, bytes));
    const EngineService::Sink sink = [this](std::string_view part) -> Result<> {
      BDAAS_TRY(check_cancel());
      return writer_.write(part);
    };
    BDAAS_TRY(source(sink));
    BDAAS_ASSIGN(auto sha256, writer_.end_file());
    manifest_.files.push_back({path, bytes, std::move(sha256)});
    return {};
  }

  Result<> check_cancel() const {
    if (!cancel_) return {};
    return fail(ErrorKind::cancelled, "collecting the result of job {} was cancelled",
                request_.job.id.text);
  }

  static Result<> copy(int fd, std::int64_t bytes, const EngineService::Sink& sink) {
    std::string buffer(kCopyBytes, '\0');
    while (bytes > 0) {
      const auto wanted = std::min<std::int64_t>(bytes, kCopyBytes);
      const ssize_t got = ::read(fd, buffer.data(), static_cast<std::size_t>(wanted));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return os_error(errno, "cannot read what the program printed");
      if (got == 0) return {};  // it became shorter: the writer says so
      BDAAS_TRY(sink({buffer.data(), static_cast<std::size_t>(got)}));
      bytes -= got;
    }
    return {};
  }

  static Result<> copy(TarReader& reader, const EngineService::Sink& sink) {
    std::string buffer(kCopyBytes, '\0');
    for (;;) {
      BDAAS_ASSIGN(const auto got, reader.read(buffer));
      if (got == 0) return {};
      BDAAS_TRY(sink({buffer.data(), got}));
    }
  }

  void note(std::string text) { manifest_.notes.push_back(std::move(text)); }
  void note_of(const FileSpool& spool, OutputStream stream, std::string_view path) {
    const auto text = spool.note(request_.step.id, stream);
    if (!text.empty()) note(fmt::format("{}: {}", path, text));
  }

  const CollectRequest& request_;
  const std::atomic<bool>& cancel_;
  TarGzWriter& writer_;
  const std::string top_;
  Manifest manifest_;
  std::int64_t output_files_ = 0;
};

}  // namespace

ResultArchive::ResultArchive(StateDir dir, const FileSpool& spool,
                             std::map<std::string, EngineService*> services)
    : dir_(std::move(dir)), spool_(spool), services_(std::move(services)) {}

Result<JobResult> ResultArchive::collect(const CollectRequest& request,
                                         const std::atomic<bool>& cancel) {
  const auto service = services_.find(request.cluster.spec.engine);
  if (service == services_.end()) {
    return fail(ErrorKind::invalid_argument, "there is no engine '{}'",
                request.cluster.spec.engine);
  }
  BDAAS_TRY(make_directory(dir_.results(), 0700));
  const fs::path archive = dir_.results() / (request.result.text + ".tar.gz");
  const fs::path part = archive.native() + ".part";
  auto result = write(request, *service->second, part, cancel);
  if (result && ::rename(part.c_str(), archive.c_str()) != 0) {
    result = os_error(errno, fmt::format("cannot name the archive '{}'", archive.native()));
  }
  if (!result) ::unlink(part.c_str());
  return result;
}

Result<JobResult> ResultArchive::write(const CollectRequest& request, EngineService& service,
                                       const fs::path& part,
                                       const std::atomic<bool>& cancel) const {
  UniqueFd fd(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) return os_error(errno, fmt::format("cannot create '{}'", part.native()));
  BDAAS_ASSIGN(const auto writer,
               TarGzWriter::open(std::move(fd), part.native(), request.job.created_at));
  Collection collection(request, cancel, *writer);
  BDAAS_TRY(collection.add_output(service));
  BDAAS_TRY(collection.add_log(spool_, OutputStream::out));
  BDAAS_TRY(collection.add_log(spool_, OutputStream::err));
  BDAAS_TRY(collection.add_work(spool_));
  BDAAS_TRY(collection.add_manifest());
  BDAAS_ASSIGN(const auto written, writer->finish());
  JobResult result;
  result.id = request.result;
  result.owner = request.job.owner;
  result.job = request.job.id;
  result.sha256 = written.sha256;
  result.bytes = written.bytes;
  result.files = collection.output_files();
  result.has_output = collection.output_files() > 0;
  result.created_at = request.now;
  return result;
}

}  // namespace bdaas
