#pragma once
// What this machine has and lacks for running clusters, each with the command that mends it. Takes
// about a second, since Python is asked for its modules. Changes nothing. Any thread.

#include "model/releases.h"
#include "release/host_tools.h"

namespace bdaas {

struct DoctorRequest {
  HostTools tools;
  JavaRange java{17, 22};
  std::string python_minimum = "3.8";
  fs::path state_root;                   // whose disk is looked at; need not exist
  std::int64_t memory_of_one_mib = 0;    // the least for a cluster of one worker
  std::int64_t memory_of_three_mib = 0;  // and of three
};

std::vector<Finding> doctor(const DoctorRequest& request);

}  // namespace bdaas
