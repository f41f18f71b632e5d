// The children that one thread has started: their pipes, their ends, and signals to them while their numbers are
// theirs.
//
// Owned by whoever starts them, one thread. A child stays here until it has been waited for; the destructor waits for
// nobody and ends nobody.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>

#include "base/descriptor.h"
#include "base/result.h"
#include "process/spawn.h"

namespace porpoise {

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
