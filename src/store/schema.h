#pragma once
// The tables of the store, as a list of migrations that is only ever added to. Migration N makes
// version N.
//
// Bodies are JSON, read back by the field lists of today: a member that is removed, renamed or
// newly required needs a migration that rewrites the bodies (json_remove, json_set).

#include <array>
#include <string_view>

namespace bdaas {

// One table per noun of noun_traits.h. `row` is the order of insertion, which pages follow.
#define BDAAS_NOUN_TABLE(Name)               \
  "CREATE TABLE " Name                       \
  "("                                        \
  "  row INTEGER PRIMARY KEY AUTOINCREMENT," \
  "  id TEXT NOT NULL UNIQUE,"               \
  "  owner TEXT NOT NULL,"                   \
  "  parent TEXT NOT NULL,"                  \
  "  state TEXT NOT NULL,"                   \
  "  version INTEGER NOT NULL,"              \
  "  body TEXT NOT NULL) STRICT;"
#define BDAAS_BY_PARENT(Name) "CREATE INDEX " Name "_by_parent ON " Name "(parent);"
#define BDAAS_BY_STATE(Name) "CREATE INDEX " Name "_by_state ON " Name "(state);"

inline constexpr auto kMigrations = std::to_array<std::string_view>({
    // 1
    BDAAS_NOUN_TABLE("users") BDAAS_NOUN_TABLE("programs") BDAAS_BY_PARENT("programs")
        BDAAS_NOUN_TABLE("data_sets") BDAAS_BY_PARENT("data_sets") BDAAS_NOUN_TABLE("clusters")
            BDAAS_BY_STATE("clusters") BDAAS_NOUN_TABLE("nodes") BDAAS_BY_PARENT("nodes")
                BDAAS_NOUN_TABLE("leases") BDAAS_BY_PARENT("leases") BDAAS_BY_STATE("leases")
                    BDAAS_NOUN_TABLE("steps") BDAAS_BY_PARENT("steps") BDAAS_BY_STATE("steps")
                        BDAAS_NOUN_TABLE("jobs") BDAAS_BY_STATE("jobs") BDAAS_NOUN_TABLE(
                            "results") BDAAS_BY_PARENT("results") BDAAS_NOUN_TABLE("intents")
                            BDAAS_BY_PARENT("intents") BDAAS_BY_STATE(
                                "intents") "CREATE TABLE history("
                                           "  seq INTEGER PRIMARY KEY AUTOINCREMENT,"
                                           "  at_ms INTEGER NOT NULL,"
                                           "  kind TEXT NOT NULL,"
                                           "  subject TEXT NOT NULL,"
                                           "  owner TEXT NOT NULL,"
                                           "  context TEXT NOT NULL,"
                                           "  from_state TEXT NOT NULL,"
                                           "  to_state TEXT NOT NULL,"
                                           "  reason TEXT NOT NULL,"
                                           "  source TEXT NOT NULL,"
                                           "  message TEXT NOT NULL) STRICT;"
                                           "CREATE INDEX history_by_subject ON history(subject);"
                                           "CREATE INDEX history_by_context ON history(context);",
    // 2: a job's parent is the token that its caller gave
    BDAAS_BY_PARENT("jobs"),
    // 3: a cluster's memory is said as what is shared and what each worker takes
    "UPDATE clusters SET body = json_remove(body, '$.memory.daemons_mib');",
    // 4: a deadline that nobody kept
    "UPDATE intents SET body = json_remove(body, '$.deadline');",
    // 5: when a node was seen last, which nobody wrote
    "UPDATE nodes SET body = json_remove(body, '$.last_seen');",
});

#undef BDAAS_NOUN_TABLE
#undef BDAAS_BY_PARENT
#undef BDAAS_BY_STATE

}  // namespace bdaas
