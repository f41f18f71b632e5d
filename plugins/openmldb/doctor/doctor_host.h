// As much of a porpoise_host as the drivers need, outside of any task: it starts children and keeps what they print.
//
// Owned by the doctor, one thread.
#pragma once

#include <filesystem>
#include <porpoise/plugin.hpp>
#include <string>

#include "base/descriptor.h"
#include "base/result.h"
#include "taskhost/plugin_children.h"

namespace porpoise::openmldb {

class DoctorHost {
 public:
  // `folder` exists; `environment` is bash text that sets the scene as a task's environment would.
  DoctorHost(const std::filesystem::path& folder, const std::string& environment);
  DoctorHost(const DoctorHost&) = delete;
  DoctorHost& operator=(const DoctorHost&) = delete;

  plugin::Host host() const { return plugin::Host(&c_); }
  // What the children have printed so far.
  std::string output() const;

 private:
  static DoctorHost& self(const porpoise_host* c) { return *static_cast<DoctorHost*>(c->data); }

  TaskRequest request_;  // of no task: where its children run, and how the scene is set
  SudoUser nobody_;
  UniqueFd output_, never_;
  PluginChildren children_;
  porpoise_process process_{};
  porpoise_host c_{};
};

}  // namespace porpoise::openmldb
