#pragma once
// What a wish must look like before it becomes a row. Pure; every refusal is one sentence that
// names the field.

#include "model/engine.h"

namespace bdaas {

inline constexpr std::int64_t kWorkersMax = 1000;

// The shape of a cluster's spec, without looking at any machine.
Result<> check_cluster_spec(const ClusterSpec& spec, const std::vector<std::string>& providers,
                            const std::vector<std::string>& engines,
                            const std::vector<std::string>& releases);

// The main class that a run of this program starts: the given one if the jar has it, or the only
// one of the jar. Empty for Python, where naming one is refused.
Result<std::string> choose_main_class(const Program& program, const std::string& wanted);

// Names are shown to people and put into file names: 1..200 bytes of UTF-8 without control
// characters, or empty. What is named as a file of the user may have all the 255 of one.
Result<> check_name(std::string_view field, const std::string& name, std::size_t bytes_max = 200);

Result<> check_timeout(Millis timeout);

}  // namespace bdaas
