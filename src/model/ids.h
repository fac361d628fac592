#pragma once
// The ids of all nouns. Prefixes are part of the public API.

#include "base/id.h"

namespace bdaas {

#define BDAAS_ID(Name, Prefix)                         \
  struct Name##Tag {                                   \
    static constexpr std::string_view prefix = Prefix; \
  };                                                   \
  using Name = Id<Name##Tag>

BDAAS_ID(InstallationId, "i");  // one manager's state directory; on every tag and mark
BDAAS_ID(UserId, "u");
BDAAS_ID(JobId, "j");
BDAAS_ID(ProgramId, "p");
BDAAS_ID(DataSetId, "d");
BDAAS_ID(ResultId, "r");
BDAAS_ID(ClusterId, "c");
BDAAS_ID(NodeId, "n");
BDAAS_ID(LeaseId, "l");
BDAAS_ID(StepId, "s");
BDAAS_ID(IntentId, "t");  // also the idempotency token of an effect
BDAAS_ID(UploadId, "up");

#undef BDAAS_ID

}  // namespace bdaas
