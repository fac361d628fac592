#pragma once
// The one table of verbs. A new one is a row in commands.cpp and a definition in
// commands/<noun>.cpp.

#include "cli/command.h"

namespace bdaas::cli {

// Verbs of a noun, and nouns of a group, stand together; in the order of the help.
std::span<const Command> all_commands();

extern const Verb kRun;
extern const Verb kJobsList, kJobsDescribe, kJobsAttach, kJobsCancel, kJobsRunAgain;
extern const Verb kProgramsList, kProgramsDescribe, kProgramsUpload, kProgramsDelete;
extern const Verb kClustersCreate, kClustersList, kClustersDescribe, kClustersNodes,
    kClustersResize, kClustersTerminate;
extern const Verb kStepsAdd, kStepsList, kStepsDescribe, kStepsLogs, kStepsCancel;
extern const Verb kDataPut, kDataGet, kDataList, kDataRemove;
extern const Verb kResultsList, kResultsGet, kResultsRemove;
extern const Verb kSsh, kCp, kTunnel;
extern const Verb kUi;
extern const Verb kEvents;
extern const Verb kReleasesList, kReleasesFetch, kReleasesVerify;
extern const Verb kDoctor, kServe, kStop, kVersion, kCompletion;

}  // namespace bdaas::cli
