#pragma once
// A job's result on this side.

#include "cli/download.h"
#include "cli/run/model.h"

namespace bdaas::cli {

// "wordcount-j-4k2m9x0p1qzr.tar.gz": the job's name without what a file name must not hold, and
// without .py or .jar.
std::string archive_name(std::string_view job_name, const JobId& job);

// output: the file to write; empty: archive_name() in the current directory.
Result<SavedArchive> fetch_archive(const Api& api, const ResultId& result, const fs::path& output,
                                   const Progress& progress, TaskControl& control);

}  // namespace bdaas::cli
