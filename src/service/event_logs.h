#pragma once
// Spark's event logs, copied out of a cluster while its programs run: with one replica they lie on
// one worker, and the whole of HDFS ends with the cluster. Blocking; any thread, one at a time for
// a cluster.

#include <filesystem>

#include "service/webhdfs.h"

namespace bdaas {

// Appends what is new of every log to the file "<cluster>-<log>" in `directory`, which must exist.
// A log that is still written has Spark's ending ".inprogress", which the copy loses when the
// program's end has been copied. Repeating it is harmless; a copy is never longer than its log.
// cancelled: soon after the flag of `hdfs`.
Result<> copy_event_logs(WebHdfs hdfs, const ClusterId& cluster,
                         const std::filesystem::path& directory);

}  // namespace bdaas
