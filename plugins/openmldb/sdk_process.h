// sdk_client.py as a child of the task: one line goes there, one comes back.
//
// Belongs to an SdkDriver and lives on the task's run thread. The child ends with this object, whatever it is doing,
// and outlives a cancel so that jobs can still be stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <porpoise/process.hpp>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"

namespace porpoise::openmldb {

class SdkProcess {
 public:
  // Runs `program`, which is sdk_client.py; `names_interpreter`: in the task log. Returns when the child was started,
  // not when it is ready. Errors: kCancelled, kIo, kInternal.
  static Result<std::unique_ptr<SdkProcess>> start(plugin::Host host, const std::filesystem::path& program,
                                                   bool names_interpreter);
  SdkProcess(const SdkProcess&) = delete;
  SdkProcess& operator=(const SdkProcess&) = delete;
  ~SdkProcess();

  // Sends `line`, and waits for the line that answers it. `cancel_fd`: readable when that is to end; -1 for none. After
  // an error there is no more to be had from this process. Errors: kCancelled, kTimeout, kUnavailable (it ended),
  // kInvalid (an answer without end).
  Result<std::string> exchange(std::string_view line, std::int64_t deadline_mono_ms, int cancel_fd);
  // Whether it waits for a line, so that exchange may be called.
  bool is_idle() const { return is_idle_; }

 private:
  SdkProcess(plugin::Host host, plugin::Process process) : host_(host), process_(std::move(process)) {}

  // Waits until there is something to read, or to write if wanted.
  Status wait(bool wants_write, std::int64_t deadline_mono_ms, int cancel_fd);
  Status read_some(std::string& text);
  Status write_some(std::string_view& text);
  Error ended();

  plugin::Host host_;
  plugin::Process process_;
  bool has_ended_ = false;
  bool is_idle_ = true;
};

}  // namespace porpoise::openmldb
