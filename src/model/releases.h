#pragma once
// Releases: pinned engine versions, resolved once onto this machine. Implemented by the room
// `release`.

#include "model/engine.h"

namespace bdaas {

struct PackageStatus {
  std::string name;  // hadoop, spark, comet
  std::string version;
  std::int64_t bytes = 0;
  bool present = false;

  static constexpr auto fields() {
    return std::tuple{required("name", &PackageStatus::name, ""),
                      optional("version", &PackageStatus::version, ""),
                      optional("bytes", &PackageStatus::bytes, "laid out"),
                      optional("present", &PackageStatus::present, "laid out and verified once")};
  }
};

struct ReleaseStatus {
  std::string name;
  bool present = false;  // every package is, and the AppCDS archives are made
  std::vector<PackageStatus> packages;
  std::string message;  // what is missing, in one sentence

  static constexpr auto fields() {
    return std::tuple{required("name", &ReleaseStatus::name, ""),
                      optional("present", &ReleaseStatus::present, ""),
                      optional("packages", &ReleaseStatus::packages, ""),
                      optional("message", &ReleaseStatus::message, "what is missing")};
  }
};

// Called with one line for people whenever something begins or moves: "spark 3.5.7: 120 of 318 MB".
using ReleaseProgress = std::function<void(std::string_view line)>;

// Any thread; blocking; two callers that fetch the same release wait for one another.
class Releases {
 public:
  virtual ~Releases() = default;
  virtual Result<std::vector<ReleaseStatus>> list() = 0;
  // Facts of a present release, in milliseconds; failed_precondition when it must be fetched first.
  virtual Result<ReleaseFacts> facts(const std::string& name) = 0;
  // Downloads with the ordinary clients (mvn, pip), verifies against the pinned checksums, lays out
  // content-addressed, makes the AppCDS archives. Present parts are kept. Killed halfway leaves
  // nothing half laid out. Ends soon, with the clients it started, when `cancel` becomes true.
  virtual Result<ReleaseFacts> fetch(const std::string& name, const ReleaseProgress& progress,
                                     const std::atomic<bool>& cancel) = 0;
  // Hashes everything again; corrupted names the file and says how to mend it.
  virtual Result<> verify(const std::string& name) = 0;
};

// One line of `bdaas doctor`.
struct Finding {
  std::string check;  // "java", "maven", …
  bool ok = true;
  std::string found;  // "OpenJDK 17.0.21"
  std::string mend;   // the command that mends it, when not ok

  static constexpr auto fields() {
    return std::tuple{required("check", &Finding::check, ""), required("ok", &Finding::ok, ""),
                      optional("found", &Finding::found, ""),
                      optional("mend", &Finding::mend, "the command that mends it")};
  }
};

}  // namespace bdaas
