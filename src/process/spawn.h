// Starts programs with exactly the descriptors, signals and limits they are meant to have, and keeps those that a
// thread has started in a table.
//
// spawn() may be called on any thread; a ChildTable belongs to whoever starts its children, on one thread.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"

namespace porpoise {

struct SpawnSpec {
  std::vector<std::string> argv;                        // argv[0] is a path
  std::optional<std::vector<std::string>> environment;  // "NAME=value"; without one, the caller's
  std::filesystem::path directory;                      // empty: the caller's
  std::vector<int> fds;                                 // become 0, 1, 2…; every other descriptor is closed
  bool own_group = false;
  bool die_with_thread = false;  // SIGKILL when the calling thread ends (PR_SET_PDEATHSIG)
  std::optional<rlimit> address_space;
};

// Costs about the same however large the caller is (vfork). The child starts with default signals, none blocked. An
// exec that fails is an error here, not a child that ends.
Result<pid_t> spawn(const SpawnSpec& spec);

// The children that one thread has started: their pipes, their ends, and signals to them while their numbers are
// theirs. A child stays here until it has been waited for; the destructor waits for none and ends none.
class ChildTable {
 public:
  // Which of the child's standard descriptors become pipes to it.
  struct Pipes {
    bool input = false;
    bool output = false;
    bool errors = false;
  };
  struct Child {
    pid_t pid = 0;
    int end = -1;                    // readable when the child has ended; stays the table's until wait() gave the end
    UniqueFd input, output, errors;  // our ends; close-on-exec
  };
  // `spec.fds` are three; those that become pipes are replaced. Errors: as of spawn(), kIo.
  Result<Child> start(SpawnSpec spec, Pipes pipes);

  // To the child's process group when it leads one, else to the child. Errors: kNotFound for one that is not here,
  // kDenied when it may not be signalled.
  Status signal(pid_t pid, int signal) const;

  // Its wait status, after which it is not here any more; nothing when it still runs after `limit` (without one: waits
  // for ever). Errors: kNotFound.
  Result<std::optional<int>> wait(pid_t pid, std::optional<std::chrono::milliseconds> limit);

  bool has(pid_t pid) const { return children_.count(pid) > 0; }

 private:
  struct Entry {
    UniqueFd end;
    bool leads_group = false;
  };
  std::map<pid_t, Entry> children_;
};

}  // namespace porpoise
