#include "cli/exit_code.h"

namespace bdaas::cli {

ExitCode exit_code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_argument:
    case ErrorKind::conflict:
    case ErrorKind::failed_precondition:
      return ExitCode::bad_input;
    case ErrorKind::not_found:
      return ExitCode::not_found;
    case ErrorKind::resource_exhausted:
      return ExitCode::no_resources;
    case ErrorKind::deadline_exceeded:
      return ExitCode::timed_out;
    case ErrorKind::cancelled:
      return ExitCode::cancelled;
    case ErrorKind::unauthenticated:
    case ErrorKind::permission_denied:
    case ErrorKind::throttled:
    case ErrorKind::unavailable:
    case ErrorKind::unknown_outcome:
    case ErrorKind::corrupted:
    case ErrorKind::internal:
      return ExitCode::manager_failed;
  }
  return ExitCode::manager_failed;
}

ExitCode exit_code_of(Reason reason) {
  switch (reason) {
    case Reason::timed_out:
      return ExitCode::timed_out;
    case Reason::invalid_program:
      return ExitCode::bad_input;
    case Reason::provider_refused:
    case Reason::out_of_memory:
    case Reason::out_of_disk:
      return ExitCode::no_resources;
    case Reason::lease_expired:
    case Reason::node_lost:
    case Reason::daemon_failed:
    case Reason::not_ready_in_time:
    case Reason::bootstrap_failed:
    case Reason::data_failed:
    case Reason::outcome_unknown:
    case Reason::manager_restarted:
    case Reason::orphaned:
    case Reason::internal_error:
      return ExitCode::manager_failed;
    case Reason::none:
    case Reason::user_request:
    case Reason::progress:
    case Reason::idle:
    case Reason::job_done:
    case Reason::quorum_reached:
    case Reason::program_failed:
      return ExitCode::failed;
  }
  return ExitCode::failed;
}

}  // namespace bdaas::cli
