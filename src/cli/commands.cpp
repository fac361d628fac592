#include "cli/commands.h"

#include <array>

namespace bdaas::cli {

std::span<const Command> all_commands() {
  static constexpr std::array kTable = {
      Command{"Run", "run", "", "Run a program on data and fetch its result", kRun},

      Command{"Jobs", "jobs", "list", "List the jobs", kJobsList},
      Command{"Jobs", "jobs", "describe", "Show a job", kJobsDescribe},
      Command{"Jobs", "jobs", "attach", "Watch a job as `bdaas run` does, and fetch its result",
              kJobsAttach},
      Command{"Jobs", "jobs", "cancel", "Cancel a job", kJobsCancel},
      Command{"Jobs", "jobs", "run-again", "Run a job once more, with the same program and data",
              kJobsRunAgain},
      Command{"Jobs", "results", "list", "List the results", kResultsList},
      Command{"Jobs", "results", "get", "Fetch the archive of a result", kResultsGet},
      Command{"Jobs", "results", "remove", "Remove results from the manager", kResultsRemove},

      Command{"Programs and data", "programs", "list", "List the programs", kProgramsList},
      Command{"Programs and data", "programs", "describe", "Show a program and its main classes",
              kProgramsDescribe},
      Command{"Programs and data", "programs", "upload", "Upload a .py or .jar", kProgramsUpload},
      Command{"Programs and data", "programs", "delete", "Delete programs", kProgramsDelete},
      Command{"Programs and data", "data", "put", "Upload files or directories", kDataPut},
      Command{"Programs and data", "data", "get", "Fetch a data set (a directory comes as a tar)",
              kDataGet},
      Command{"Programs and data", "data", "list", "List the data sets", kDataList},
      Command{"Programs and data", "data", "remove", "Remove data sets", kDataRemove},

      Command{"Clusters", "clusters", "create", "Start a cluster that stays", kClustersCreate},
      Command{"Clusters", "clusters", "list", "List the clusters", kClustersList},
      Command{"Clusters", "clusters", "describe", "Show a cluster", kClustersDescribe},
      Command{"Clusters", "clusters", "nodes", "List the nodes of a cluster", kClustersNodes},
      Command{"Clusters", "clusters", "resize", "Change the number of workers", kClustersResize},
      Command{"Clusters", "clusters", "terminate", "End clusters", kClustersTerminate},
      Command{"Clusters", "steps", "add", "Run an uploaded program on a cluster", kStepsAdd},
      Command{"Clusters", "steps", "list", "List the steps of a cluster", kStepsList},
      Command{"Clusters", "steps", "describe", "Show a step", kStepsDescribe},
      Command{"Clusters", "steps", "logs", "Print what a step's program printed", kStepsLogs},
      Command{"Clusters", "steps", "cancel", "Cancel a step", kStepsCancel},
      Command{"Clusters", "ssh", "", "Log in to a node, or run a command there", kSsh},
      Command{"Clusters", "cp", "", "Copy files to a node or from it", kCp},
      Command{"Clusters", "tunnel", "", "Reach ports of the nodes from this machine", kTunnel},
      Command{"Clusters", "ui", "", "Print a link to the web pages of the engines", kUi},

      Command{"Manager", "events", "", "Show what happened", kEvents},
      Command{"Manager", "releases", "list", "List the releases of the engines", kReleasesList},
      Command{"Manager", "releases", "fetch", "Fetch a release to this machine", kReleasesFetch},
      Command{"Manager", "releases", "verify", "Check every file of a release", kReleasesVerify},
      Command{"Manager", "doctor", "", "Say what this machine lacks, and the command that mends it",
              kDoctor},
      Command{"Manager", "serve", "", "Be the manager", kServe},
      Command{"Manager", "stop", "", "End the manager", kStop},
      Command{"Manager", "version", "", "Print the version", kVersion},
      Command{"Manager", "completion", "", "Print a completion script for a shell", kCompletion},
  };
  return kTable;
}

}  // namespace bdaas::cli
