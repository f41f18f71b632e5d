// sdk_client.py as a child of the task: one line goes there, one comes back.
//
// Belongs to an SdkDriver and lives on the task's run thread. The child ends with this object, whatever it is doing,
// and outlives a cancel so that jobs can still be stopped.
#pragma once

#include <sys/types.h>
#include <porpoise/plugin.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace porpoise::openmldb {

class SdkProcess {
 public:
  struct Place {
    std::filesystem::path program;  // sdk_client.py
    std::filesystem::path pipes;    // path and beginning of the names of its two pipes
    bool names_interpreter = true;  // in the task log
  };
  // Returns when the child was started, not when it is ready. Errors: kCancelled, kIo, kInternal.
  static Result<std::unique_ptr<SdkProcess>> start(plugin::Host host, const Place& place);
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
  SdkProcess(plugin::Host host, UniqueFd requests, UniqueFd answers)
      : host_(host), requests_(std::move(requests)), answers_(std::move(answers)) {}

  Status run(const Place& place, const std::string& requests, const std::string& answers);
  // Waits until there is something to read, or to write if wanted.
  Status wait(bool wants_write, std::int64_t deadline_mono_ms, int cancel_fd);
  Status read_some(std::string& text);
  Status write_some(std::string_view& text);
  Error ended();

  plugin::Host host_;
  UniqueFd requests_, answers_, pidfd_;
  pid_t pid_ = 0;
  bool is_idle_ = true;
};

}  // namespace porpoise::openmldb
