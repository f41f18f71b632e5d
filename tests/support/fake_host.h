// A porpoise_host for plugins that start no process (script_host.h does): it keeps what a task says, expands by the
// real rules, and takes the branch a task chooses.
//
// Used by one test; everything but cancel() on its thread.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <porpoise/ext/branch.h>
#include <porpoise/ext/dry_run.h>
#include <sys/eventfd.h>

#include <chrono>
#include <filesystem>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <porpoise/plugin.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "model/parameter_resolution.h"
#include "plugin/loader.h"

namespace porpoise::support {

class FakeHost {
 public:
  struct Branch {
    int index = -1;
    std::string next_node;
  };

  FakeHost() {
    c_.size = sizeof c_;
    c_.abi_minor = PORPOISE_ABI_MINOR;
    c_.data = this;
    c_.log = [](const porpoise_host* c, porpoise_log_level, porpoise_str text) { self(c).note(plugin::to_view(text)); };
    c_.output = [](const porpoise_host* c, porpoise_str text) { self(c).output_ += plugin::to_view(text); };
    c_.set_var = [](const porpoise_host* c, porpoise_str name, porpoise_str value) {
      self(c).vars_.insert_or_assign(std::string(plugin::to_view(name)), std::string(plugin::to_view(value)));
    };
    c_.add_app_id = [](const porpoise_host* c, porpoise_str id) -> porpoise_status {
      self(c).app_ids_.emplace_back(plugin::to_view(id));
      return PORPOISE_OK;
    };
    c_.progress = [](const porpoise_host*, std::int32_t, porpoise_str) {};
    c_.cancel_requested = [](const porpoise_host* c) { return self(c).wait(0); };
    c_.cancel_fd = [](const porpoise_host* c) { return std::int32_t{self(c).cancel_.get()}; };
    c_.wait = [](const porpoise_host* c, std::int64_t timeout_ms) {
      return self(c).wait(static_cast<int>(timeout_ms));
    };
    c_.expand = [](const porpoise_host* c, porpoise_str text, porpoise_str* out) {
      return self(c).expand(plugin::to_view(text), *out);
    };
    c_.spawn = [](const porpoise_host*, const porpoise_spawn*, std::int64_t*, porpoise_str* error) -> porpoise_status {
      *error = plugin::to_c("this host starts no processes");
      return PORPOISE_UNAVAILABLE;
    };
    c_.wait_child = [](const porpoise_host*, std::int64_t, porpoise_exit*) -> porpoise_status {
      return PORPOISE_INTERNAL;
    };
    c_.now_mono_ms = [](const porpoise_host*) { return ms_of(std::chrono::steady_clock::now()); };
    c_.now_wall_ms = [](const porpoise_host*) { return ms_of(std::chrono::system_clock::now()); };
    c_.get_extension = [](const porpoise_host* c, porpoise_str id) { return self(c).extension(id); };
    c_.cancel_reason = [](const porpoise_host* c, porpoise_str* text) -> porpoise_cancel_reason {
      const bool is_cancelled = self(c).wait(0) != 0;
      if (text != nullptr) *text = plugin::to_c(is_cancelled ? "cancelled by the test" : "");
      return is_cancelled ? PORPOISE_CANCEL_KILLED : PORPOISE_CANCEL_NONE;
    };
    branch_c_.size = sizeof branch_c_;
    branch_c_.choose = [](const porpoise_host* c, std::int32_t index, porpoise_str next_node) {
      self(c).branch_ = Branch{index, std::string(plugin::to_view(next_node))};
    };
  }
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  void cancel() { ::eventfd_write(cancel_.get(), 1); }

  ParameterValues parameters;  // for expand
  ExpandTime time;

  const porpoise_host* c() const { return &c_; }
  std::string log() const {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  const std::string& output() const { return output_; }
  const std::map<std::string, std::string>& vars() const { return vars_; }
  const std::vector<std::string>& app_ids() const { return app_ids_; }
  const std::optional<Branch>& branch() const { return branch_; }

 protected:
  const void* extension(porpoise_str id) const {
    return plugin::to_view(id) == PORPOISE_EXT_BRANCH ? &branch_c_ : nullptr;
  }

  porpoise_host c_{};

 private:
  static FakeHost& self(const porpoise_host* c) { return *static_cast<FakeHost*>(c->data); }
  template <typename TimePoint>
  static std::int64_t ms_of(TimePoint time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  }

  void note(std::string_view text) {
    const std::lock_guard lock(mutex_);
    log_.append(text).append("\n");
  }

  std::int32_t wait(int timeout_ms) const {
    pollfd entry{cancel_.get(), POLLIN, 0};
    return ::poll(&entry, 1, timeout_ms) > 0 ? 1 : 0;
  }

  porpoise_status expand(std::string_view text, porpoise_str& out) {
    auto result = porpoise::expand(text, parameters, time);
    borrowed_.push_back(result ? std::move(*result) : result.error().to_string());
    out = plugin::to_c(borrowed_.back());
    return result ? PORPOISE_OK : PORPOISE_INVALID_PARAMS;
  }

  porpoise_branch branch_c_{};
  UniqueFd cancel_{::eventfd(0, EFD_CLOEXEC)};
  std::list<std::string> borrowed_;  // by the plugin
  mutable std::mutex mutex_;         // guards log_
  std::string log_;
  std::string output_;
  std::map<std::string, std::string> vars_;
  std::vector<std::string> app_ids_;
  std::optional<Branch> branch_;
};

// One task of a plugin in the build's plugin folder, from create to destroy.
class LoadedTask {
 public:
  struct Ending {
    porpoise_status status = PORPOISE_INTERNAL;
    std::string message;
    int exit_code = -1;
  };

  LoadedTask(const FakeHost& host, const std::string& file, std::string_view type_id) {
    auto loaded = load_plugin(std::filesystem::path(PORPOISE_BUILD "/lib/porpoise/plugins") / file);
    if (!loaded) {
      ADD_FAILURE() << loaded.error().to_string();
      return;
    }
    const auto task = create_task(*loaded, host.c(), type_id);
    if (task)
      task_ = task->self;
    else
      ADD_FAILURE() << task.error().to_string();
  }
  LoadedTask(const LoadedTask&) = delete;
  LoadedTask& operator=(const LoadedTask&) = delete;
  ~LoadedTask() {
    if (task_ != nullptr) task_->destroy(task_);
  }

  // Part of the request; to be set before prepare.
  std::filesystem::path work_dir;
  std::int64_t deadline_mono_ms = 0;

  Ending prepare(std::string params_json, std::string config_json = "{}", std::string context_json = "{}") {
    params_json_ = std::move(params_json);
    config_json_ = std::move(config_json);
    context_json_ = std::move(context_json);
    porpoise_request request{};
    request.size = sizeof request;
    request.task_instance_id = 7;
    request.params_json = plugin::to_c(params_json_);
    request.config_json = plugin::to_c(config_json_);
    request.context_json = plugin::to_c(context_json_);
    request.work_dir = plugin::to_c(work_dir.native());
    request.file_stem = plugin::to_c("3_7");
    request.deadline_mono_ms = deadline_mono_ms;
    request.attempt = 1;
    porpoise_result result{};
    result.size = sizeof result;
    const porpoise_status status = task_->prepare(task_, &request, &result);
    return {status, std::string(plugin::to_view(result.message)), result.exit_code};
  }

  Ending run() {
    porpoise_result result{};
    result.size = sizeof result;
    task_->run(task_, &result);
    return {result.status, std::string(plugin::to_view(result.message)), result.exit_code};
  }

  std::string plan() {
    const auto* dry_run =
        static_cast<const porpoise_dry_run*>(task_->get_extension(task_, plugin::to_c(PORPOISE_EXT_DRY_RUN)));
    porpoise_str text{};
    EXPECT_EQ(dry_run->plan(task_, &text), PORPOISE_OK);
    return std::string(plugin::to_view(text));
  }

 private:
  porpoise_task* task_ = nullptr;
  std::string params_json_;  // borrowed by the task
  std::string config_json_;
  std::string context_json_;
};

}  // namespace porpoise::support
