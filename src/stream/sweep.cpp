#include "stream/sweep.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/directory.h"

namespace bdaas {

namespace {

template <class N>
std::map<std::string, const N*> by_id(const std::vector<N>& rows) {
  std::map<std::string, const N*> found;
  for (const auto& row : rows) found[row.id.text] = &row;
  return found;
}

template <class N>
const N* find_in(const std::map<std::string, const N*>& rows, const std::string& id) {
  const auto found = rows.find(id);
  return found == rows.end() ? nullptr : found->second;
}

template <class N>
bool goes_on(const N& row) {
  return !is_terminal(row.status.state);
}

// One decision about everything.
class Decision {
 public:
  Decision(const SweepRows& rows, Time now)
      : rows_(rows),
        now_(now),
        data_(by_id(rows.data)),
        clusters_(by_id(rows.clusters)),
        steps_(by_id(rows.steps)),
        jobs_(by_id(rows.jobs)),
        results_(by_id(rows.results)) {
    for (const auto& program : rows.programs) programs_.insert(program.sha256);
    for (const auto& job : rows.jobs) {
      some_job_goes_on_ = some_job_goes_on_ || goes_on(job);
      const bool kept = goes_on(job) || (job.result && results_.contains(job.result->text));
      if (kept && job.cluster) wanted_clusters_.insert(job.cluster->text);
    }
  }

  bool keeps_program(const DiskEntry& entry) const {
    return programs_.contains(entry.name()) || rows_.awaited.contains(entry.name());
  }
  bool keeps_data(const DiskEntry& entry) const {
    return data_.contains(entry.name()) || rows_.awaited.contains(entry.name());
  }
  bool keeps_step(const DiskEntry& entry) const {
    const Step* step = find_in(steps_, entry.name());
    if (step == nullptr) return is_young(entry.changed_at);
    if (goes_on(*step)) return true;
    const Job* job = step->job ? find_in(jobs_, step->job->text) : nullptr;
    if (job != nullptr && goes_on(*job)) return true;
    if (job != nullptr && job->result) return results_.contains(job->result->text);
    return is_young(step->status.since);
  }
  bool keeps_cluster(const std::string& id, const DiskEntry& entry) const {
    const Cluster* cluster = find_in(clusters_, id);
    if (cluster == nullptr) return is_young(entry.changed_at);
    return goes_on(*cluster) || wanted_clusters_.contains(id) || is_young(cluster->status.since);
  }
  // Of a log's name "<cluster>-<log>": both parts may have a '-'.
  std::string cluster_of_log(const std::string& name) const {
    for (auto at = name.find('-'); at != name.npos; at = name.find('-', at + 1)) {
      if (clusters_.contains(name.substr(0, at))) return name.substr(0, at);
    }
    return {};
  }
  bool keeps_result(const DiskEntry& entry) const {
    const std::string name = entry.name();
    return some_job_goes_on_ || results_.contains(name.substr(0, name.find('.')));
  }

 private:
  bool is_young(Time since) const { return now_ < since + kKeptWithoutResult; }

  const SweepRows& rows_;
  const Time now_;
  const std::map<std::string, const DataSet*> data_;
  const std::map<std::string, const Cluster*> clusters_;
  const std::map<std::string, const Step*> steps_;
  const std::map<std::string, const Job*> jobs_;
  const std::map<std::string, const JobResult*> results_;
  std::set<std::string> programs_;         // by SHA-256
  std::set<std::string> wanted_clusters_;  // a job of theirs goes on or has its result
  bool some_job_goes_on_ = false;
};

Result<std::vector<DiskEntry>> entries_of(const fs::path& dir) {
  BDAAS_ASSIGN(const auto paths, list_directory(dir));
  std::vector<DiskEntry> entries;
  for (const auto& path : paths) {
    struct stat about {};
    if (::lstat(path.c_str(), &about) != 0) continue;  // removed meanwhile
    entries.push_back({path, Time{Millis{about.st_mtim.tv_sec * 1000}}});
  }
  return entries;
}

}  // namespace

std::vector<fs::path> left_over(const DiskView& disk, const SweepRows& rows, Time now) {
  const Decision decision(rows, now);
  std::vector<fs::path> left;
  const auto add = [&](const std::vector<DiskEntry>& entries, const auto& is_kept) {
    for (const auto& entry : entries) {
      if (!is_kept(entry)) left.push_back(entry.path);
    }
  };
  add(disk.programs, [&](const auto& entry) { return decision.keeps_program(entry); });
  add(disk.data, [&](const auto& entry) { return decision.keeps_data(entry); });
  add(disk.steps, [&](const auto& entry) { return decision.keeps_step(entry); });
  add(disk.history, [&](const auto& entry) {
    return decision.keeps_cluster(decision.cluster_of_log(entry.name()), entry);
  });
  add(disk.pages, [&](const auto& entry) { return decision.keeps_cluster(entry.name(), entry); });
  add(disk.results, [&](const auto& entry) { return decision.keeps_result(entry); });
  return left;
}

void Sweep::run() {
  // Until the removal is done no upload may become what is being removed.
  const auto held = uploads_.hold_finishing();
  const auto left = find();
  if (!left) return log_.error("cannot sweep the disk: {}", left.error().message);
  for (const auto& path : *left) {
    const auto removed = remove_tree(path);
    if (!removed) log_.error("cannot sweep the disk: {}", removed.error().message);
  }
  if (!left->empty())
    log_.info("{} files and directories that no row names are removed", left->size());
}

// First the disk, then the uploads, then the rows: what came to the disk has been announced in one
// of the later before. Results last of the rows: a job that has ended has written its own before.
Result<std::vector<fs::path>> Sweep::find() const {
  DiskView disk;
  BDAAS_ASSIGN(disk.programs, entries_of(dir_.programs()));
  BDAAS_ASSIGN(disk.data, entries_of(dir_.data()));
  BDAAS_ASSIGN(disk.steps, entries_of(dir_.steps()));
  BDAAS_ASSIGN(disk.history, entries_of(dir_.history()));
  BDAAS_ASSIGN(disk.pages, entries_of(dir_.pages()));
  BDAAS_ASSIGN(disk.results, entries_of(dir_.results()));
  SweepRows rows;
  rows.awaited = uploads_.awaited();
  BDAAS_ASSIGN(rows.programs, store_.list<Program>());
  BDAAS_ASSIGN(rows.data, store_.list<DataSet>());
  BDAAS_ASSIGN(rows.clusters, store_.list<Cluster>());
  BDAAS_ASSIGN(rows.steps, store_.list<Step>());
  BDAAS_ASSIGN(rows.jobs, store_.list<Job>());
  BDAAS_ASSIGN(rows.results, store_.list<JobResult>());
  return left_over(disk, rows, clock_.now());
}

}  // namespace bdaas
