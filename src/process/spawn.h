// Starts a program with exactly the descriptors, signals and limits it is meant to have.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace porpoise {

struct SpawnSpec {
  std::vector<std::string> argv;    // argv[0] is a path; the environment is the caller's
  std::filesystem::path directory;  // empty: the caller's
  std::vector<int> fds;             // become 0, 1, 2…; every other descriptor is closed
  bool own_group = false;
  bool die_with_thread = false;  // SIGKILL when the calling thread ends (PR_SET_PDEATHSIG)
  std::optional<rlimit> address_space;
};

// Costs about the same however large the caller is (vfork). The child starts with default signals, none blocked. An
// exec that fails is an error here, not a child that ends.
Result<pid_t> spawn(const SpawnSpec& spec);

}  // namespace porpoise
