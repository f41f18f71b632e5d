// As much of a porpoise_host as the drivers need, outside of any task: it starts children and keeps what they print.
//
// Owned by the doctor, one thread.
#pragma once

#include <filesystem>
#include <porpoise/plugin.hpp>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace porpoise::openmldb {

class DoctorHost {
 public:
  // `folder` exists; `environment` is bash text that sets the scene as a task's environment would.
  DoctorHost(std::filesystem::path folder, std::string environment);
  DoctorHost(const DoctorHost&) = delete;
  DoctorHost& operator=(const DoctorHost&) = delete;

  plugin::Host host() const { return plugin::Host(&c_); }
  // What the children have printed so far.
  std::string output() const;

 private:
  static DoctorHost& self(const porpoise_host* c) { return *static_cast<DoctorHost*>(c->data); }
  porpoise_status spawn(const porpoise_spawn& spec, std::int64_t& pid, porpoise_str& error);

  std::filesystem::path folder_;
  std::string environment_;
  UniqueFd output_, never_, no_input_;
  std::string error_;
  porpoise_host c_{};
};

}  // namespace porpoise::openmldb
