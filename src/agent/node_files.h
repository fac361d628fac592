#pragma once
// Writes below the node's directory, and nowhere else: no "..", no links on the way, whatever a
// plan or a program has put there. Every file is written beside and renamed.

#include <string>
#include <string_view>

#include "base/files.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "model/node_plan.h"

namespace bdaas {

// "/node/etc/x" below "/node" → "etc/x". Pure. Refuses what is not below, "..", and the agent's own
// files.
Result<std::string> name_in_node(std::string_view node_dir, std::string_view absolute);

class NodeFiles {
 public:
  static Result<NodeFiles> open(const std::string& node_dir);

  const std::string& dir() const { return dir_; }
  // Absolute paths below dir.
  Result<> make_directory(const std::string& path) const;
  Result<> write(const FileSpec& file) const;
  // Opened for appending, made when absent; its directories too.
  Result<UniqueFd> open_log(const std::string& path) const;

 private:
  NodeFiles(std::string dir, UniqueFd fd) : dir_(std::move(dir)), fd_(std::move(fd)) {}
  // The directory `name` (relative), made where it is absent.
  Result<UniqueFd> enter(std::string_view name) const;
  struct Place {
    UniqueFd directory;
    std::string name;  // last part
  };
  Result<Place> place_of(const std::string& path) const;

  std::string dir_;
  UniqueFd fd_;
};

}  // namespace bdaas
