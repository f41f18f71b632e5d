// A porpoise_host for tests of the plugin: keeps what it is told, can be cancelled, replaces ${name} from a map.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <porpoise/plugin.hpp>

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/descriptor.h"

namespace porpoise::openmldb {

class RecordingHost {
 public:
  RecordingHost() : cancel_(::eventfd(0, EFD_CLOEXEC)) {
    c_.size = sizeof c_;
    c_.abi_minor = PORPOISE_ABI_MINOR;
    c_.data = this;
    c_.log = [](const porpoise_host* c, porpoise_log_level, porpoise_str text) { self(c).note(plugin::to_view(text)); };
    c_.output = [](const porpoise_host* c, porpoise_str text) { self(c).note(plugin::to_view(text)); };
    c_.set_var = [](const porpoise_host*, porpoise_str, porpoise_str) {};
    c_.add_app_id = [](const porpoise_host* c, porpoise_str id) -> porpoise_status {
      self(c).app_ids_.emplace_back(plugin::to_view(id));
      return PORPOISE_OK;
    };
    c_.progress = [](const porpoise_host*, int32_t, porpoise_str) {};
    c_.cancel_requested = [](const porpoise_host* c) { return self(c).is_cancelled(0); };
    c_.cancel_fd = [](const porpoise_host* c) { return self(c).cancel_.get(); };
    c_.wait = [](const porpoise_host* c, int64_t ms) { return self(c).is_cancelled(static_cast<int>(ms)); };
    c_.expand = [](const porpoise_host* c, porpoise_str text, porpoise_str* out) {
      return self(c).expand(plugin::to_view(text), *out);
    };
    c_.now_mono_ms = [](const porpoise_host*) { return ms_of(std::chrono::steady_clock::now().time_since_epoch()); };
    c_.now_wall_ms = [](const porpoise_host*) { return ms_of(std::chrono::system_clock::now().time_since_epoch()); };
    c_.get_extension = [](const porpoise_host*, porpoise_str) -> const void* { return nullptr; };
  }

  plugin::Host host() const { return plugin::Host(&c_); }
  void cancel() { ::eventfd_write(cancel_.get(), 1); }
  void set_parameter(std::string name, std::string value) { parameters_[std::move(name)] = std::move(value); }
  const std::vector<std::string>& app_ids() const { return app_ids_; }
  std::string log() const {
    const std::lock_guard lock(mutex_);
    return log_;
  }

 private:
  static RecordingHost& self(const porpoise_host* c) { return *static_cast<RecordingHost*>(c->data); }
  template <typename Duration>
  static int64_t ms_of(Duration time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  }

  void note(std::string_view text) {
    const std::lock_guard lock(mutex_);
    log_.append(text).append("\n");
  }

  int32_t is_cancelled(int timeout_ms) const {
    pollfd entry{cancel_.get(), POLLIN, 0};
    return ::poll(&entry, 1, timeout_ms) > 0 ? 1 : 0;
  }

  porpoise_status expand(std::string_view text, porpoise_str& out) {
    expanded_ = text;
    for (const auto& [name, value] : parameters_)
      for (std::size_t at = 0; (at = expanded_.find("${" + name + "}", at)) != std::string::npos; at += value.size())
        expanded_.replace(at, name.size() + 3, value);
    out = plugin::to_c(expanded_);
    return PORPOISE_OK;
  }

  porpoise_host c_{};
  UniqueFd cancel_;
  mutable std::mutex mutex_;  // guards log_
  std::string log_;
  std::vector<std::string> app_ids_;
  std::map<std::string, std::string> parameters_;
  std::string expanded_;
};

}  // namespace porpoise::openmldb
