// A cgroup v2 of a task's own: the one way to end processes that no trick gets around (`cgroup.kill`).
//
// Only where this process's own cgroup was delegated to us (systemd: Delegate=yes); anywhere else the tree belongs to
// somebody, and process/kill_tree.h has to do. One owner; removes the group in the end, which works once nobody is in
// it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace porpoise {

class Cgroup {
 public:
  // A child of this process's cgroup, or nothing where that is not ours to divide.
  static std::optional<Cgroup> make(std::string_view name);

  Cgroup(Cgroup&& other) noexcept;
  Cgroup& operator=(Cgroup&&) = delete;
  ~Cgroup();

  const std::string& path() const { return path_; }
  bool enter() const;     // moves the calling process in; its later children are born there
  bool kill_all() const;  // SIGKILL to everything in it, forks in progress included

 private:
  explicit Cgroup(std::string path) : path_(std::move(path)) {}

  std::string path_;  // empty: moved from
};

}  // namespace porpoise
