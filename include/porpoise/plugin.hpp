// The plugin ABI for C++20, header-only: derive from Task, then PORPOISE_PLUGIN(PORPOISE_TYPE("HELLO", Hello));
//
// This is sugar over plugin.h; nothing here crosses the border. Every call from the host passes a fence that turns
// an escaping exception into PORPOISE_INTERNAL, so authors may use libraries that throw.
#pragma once

#include <porpoise/ext/alert.h>
#include <porpoise/ext/branch.h>
#include <porpoise/ext/dry_run.h>
#include <porpoise/plugin.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace porpoise::plugin {

inline porpoise_str to_c(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view to_view(porpoise_str text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

// How prepare or run ended.
struct Outcome {
  porpoise_status status = PORPOISE_OK;
  std::string message;
  int32_t exit_code = 0;

  static Outcome ok() { return {}; }
  static Outcome failed(std::string message, int32_t exit_code = -1) {
    return {PORPOISE_FAILED, std::move(message), exit_code};
  }
  static Outcome invalid(std::string message) { return {PORPOISE_INVALID_PARAMS, std::move(message), -1}; }
  static Outcome unavailable(std::string message) { return {PORPOISE_UNAVAILABLE, std::move(message), -1}; }
  static Outcome cancelled(std::string message = "cancelled") { return {PORPOISE_CANCELLED, std::move(message), -1}; }

  explicit operator bool() const { return status == PORPOISE_OK; }
};

// A value or the Outcome that stands in its way.
template <typename T>
class Expected {
 public:
  Expected(T value) : value_(std::move(value)) {}              // NOLINT: implicit like std::expected
  Expected(Outcome problem) : problem_(std::move(problem)) {}  // NOLINT
  explicit operator bool() const { return value_.has_value(); }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }
  const Outcome& problem() const { return problem_; }

 private:
  std::optional<T> value_;
  Outcome problem_;
};

// What the task was asked to do. Views stay valid until the Task is destroyed.
struct Request {
  int64_t task_instance_id = 0;
  std::string_view name, type_id, params_json, config_json, context_json, work_dir, file_stem, app_ids;
  int64_t deadline_mono_ms = 0;
  int32_t attempt = 1;
  bool dry_run = false;
};

// The host, as plugin.h describes it, with C++ types. Copyable; valid until deinit.
class Host {
 public:
  explicit Host(const porpoise_host* host) : host_(host) {}

  void debug(std::string_view text) const { host_->log(host_, PORPOISE_DEBUG, to_c(text)); }
  void info(std::string_view text) const { host_->log(host_, PORPOISE_INFO, to_c(text)); }
  void warn(std::string_view text) const { host_->log(host_, PORPOISE_WARN, to_c(text)); }
  void error(std::string_view text) const { host_->log(host_, PORPOISE_ERROR, to_c(text)); }
  void output(std::string_view text) const { host_->output(host_, to_c(text)); }
  void set_var(std::string_view name, std::string_view value) const { host_->set_var(host_, to_c(name), to_c(value)); }
  bool add_app_id(std::string_view id) const { return host_->add_app_id(host_, to_c(id)) == PORPOISE_OK; }
  void progress(int32_t permille, std::string_view text) const { host_->progress(host_, permille, to_c(text)); }
  bool cancel_requested() const { return host_->cancel_requested(host_) != 0; }
  int cancel_fd() const { return host_->cancel_fd(host_); }
  // Why the task is to end; PORPOISE_CANCEL_NONE when it is not.
  porpoise_cancel_reason cancel_reason() const { return host_->cancel_reason(host_, nullptr); }
  // True when the task is to end.
  bool wait(int64_t timeout_ms) const { return host_->wait(host_, timeout_ms) != 0; }
  // See ext/alert.h; false when this host knows of no alerts.
  bool request_alert(int32_t group_id, std::string_view title, std::string_view content) const {
    const auto* const alert = extension<porpoise_alert>(PORPOISE_EXT_ALERT);
    if (alert != nullptr) alert->request(host_, group_id, to_c(title), to_c(content));
    return alert != nullptr;
  }
  int64_t now_mono_ms() const { return host_->now_mono_ms(host_); }
  int64_t now_wall_ms() const { return host_->now_wall_ms(host_); }

  Expected<std::string> expand(std::string_view text) const {
    porpoise_str out{};
    const porpoise_status status = host_->expand(host_, to_c(text), &out);
    if (status != PORPOISE_OK) return Outcome{status, std::string(to_view(out)), -1};
    return std::string(to_view(out));
  }

  // Runs bash text in the work directory, after the task's environment was set up, and waits for its end.
  Expected<porpoise_exit> run_shell(std::string_view text) const {
    porpoise_spawn spec{};
    spec.size = sizeof spec;
    spec.shell = to_c(text);
    return run(spec);
  }
  Expected<porpoise_exit> run_program(const std::vector<std::string>& argv) const {
    std::vector<porpoise_str> words;
    words.reserve(argv.size());
    for (const std::string& word : argv) words.push_back(to_c(word));
    porpoise_spawn spec{};
    spec.size = sizeof spec;
    spec.argv = words.data();
    spec.argc = words.size();
    return run(spec);
  }

  // An extension of the host, or nullptr when this host does not have it.
  template <typename Extension>
  const Extension* extension(std::string_view id) const {
    return static_cast<const Extension*>(host_->get_extension(host_, to_c(id)));
  }
  const porpoise_host* raw() const { return host_; }

 private:
  Expected<porpoise_exit> run(const porpoise_spawn& spec) const {
    int64_t pid = 0;
    porpoise_str error{};
    porpoise_status status = host_->spawn(host_, &spec, &pid, &error);
    if (status != PORPOISE_OK) return Outcome{status, std::string(to_view(error)), -1};
    porpoise_exit exit{};
    exit.size = sizeof exit;
    status = host_->wait_child(host_, pid, &exit);
    if (status != PORPOISE_OK) return Outcome{status, "cannot wait for process " + std::to_string(pid), -1};
    return exit;
  }

  const porpoise_host* host_;
};

// A task of one type. One object runs one task, on the run thread; only cancel comes from another thread.
class Task {
 public:
  explicit Task(Host host) : host_(host) {}
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  virtual ~Task() = default;

  // Parses and checks the parameters, without side effects. `request` stays valid as long as the Task.
  virtual Outcome prepare(const Request& request) = 0;
  virtual Outcome run() = 0;
  // Asks run to end soon, and says why. [not the run thread] Blocking calls may watch host().cancel_fd() instead.
  virtual void cancel(porpoise_cancel_reason, std::string_view /*text*/) {}
  // What run would do, for a dry run; called after prepare.
  virtual std::string plan() { return {}; }

 protected:
  const Host& host() const { return host_; }

 private:
  Host host_;
};

// The C side of one Task: owns it, and keeps alive what the host borrows.
class Bridge {
 public:
  explicit Bridge(std::unique_ptr<Task> owned) : task_(std::move(owned)) {
    c_.size = sizeof c_;
    c_.data = this;
    c_.prepare = [](porpoise_task* c, const porpoise_request* request, porpoise_result* result) {
      return self(c).fenced(result, [&](Task& task) { return task.prepare(self(c).view(*request)); });
    };
    c_.run = [](porpoise_task* c, porpoise_result* result) {
      self(c).fenced(result, [](Task& task) { return task.run(); });
    };
    c_.cancel = [](porpoise_task* c, porpoise_cancel_reason reason, porpoise_str text) {
      try {
        self(c).task_->cancel(reason, to_view(text));
      } catch (...) {  // nobody to tell: run() goes on until the grace period is over
      }
    };
    c_.destroy = [](porpoise_task* c) { delete &self(c); };
    c_.get_extension = [](porpoise_task* c, porpoise_str id) -> const void* {
      return to_view(id) == PORPOISE_EXT_DRY_RUN ? &self(c).dry_run_ : nullptr;
    };
    dry_run_.size = sizeof dry_run_;
    dry_run_.plan = [](porpoise_task* c, porpoise_str* text) {
      porpoise_result result{};
      result.size = sizeof result;
      const porpoise_status status = self(c).fenced(&result, [](Task& task) {
        return Outcome{PORPOISE_OK, task.plan()};
      });
      *text = result.message;
      return status;
    };
  }

  porpoise_task* c() { return &c_; }

 private:
  static Bridge& self(porpoise_task* c) { return *static_cast<Bridge*>(c->data); }

  template <typename Call>
  porpoise_status fenced(porpoise_result* result, Call call) {
    Outcome outcome{PORPOISE_INTERNAL, "", -1};
    try {
      outcome = call(*task_);
    } catch (const std::exception& error) {
      outcome.message = std::string("the plugin threw an exception: ") + error.what();
    } catch (...) {
      outcome.message = "the plugin threw an exception that is not a std::exception";
    }
    message_ = std::move(outcome.message);
    result->status = outcome.status;
    result->exit_code = outcome.exit_code;
    result->message = to_c(message_);
    return outcome.status;
  }

  const Request& view(const porpoise_request& c) {
    request_ = {c.task_instance_id,
                to_view(c.name),
                to_view(c.type_id),
                to_view(c.params_json),
                to_view(c.config_json),
                to_view(c.context_json),
                to_view(c.work_dir),
                to_view(c.file_stem),
                to_view(c.app_ids),
                c.deadline_mono_ms,
                c.attempt,
                (c.flags & PORPOISE_REQUEST_DRY_RUN) != 0};
    return request_;
  }

  std::unique_ptr<Task> task_;
  porpoise_task c_{};
  porpoise_dry_run dry_run_{};
  Request request_;
  std::string message_;
};

// One row of the table that PORPOISE_PLUGIN makes.
struct TypeEntry {
  std::string_view id;
  std::unique_ptr<Task> (*make)(Host);
};

template <typename T>
std::unique_ptr<Task> make_task(Host host) {
  return std::make_unique<T>(host);
}

inline porpoise_task* create(const TypeEntry* types, std::size_t count, const porpoise_host* host, porpoise_str id) {
  try {
    for (std::size_t i = 0; i < count; ++i)
      if (types[i].id == to_view(id)) return (new Bridge(types[i].make(Host(host))))->c();
  } catch (...) {  // the host reports "cannot create"
  }
  return nullptr;
}

}  // namespace porpoise::plugin

#define PORPOISE_TYPE(id, Class) \
  ::porpoise::plugin::TypeEntry { id, &::porpoise::plugin::make_task<Class> }

// Defines the exported symbol. The note comes from porpoise_add_plugin() or PORPOISE_PLUGIN_NOTE.
#define PORPOISE_PLUGIN(...)                                                                                           \
  static const ::porpoise::plugin::TypeEntry porpoise_types[] = {__VA_ARGS__};                                         \
  extern "C" PORPOISE_EXPORT const porpoise_plugin porpoise_plugin_v1 = {                                              \
      sizeof(porpoise_plugin),                                                                                         \
      PORPOISE_ABI_MINOR,                                                                                              \
      nullptr,                                                                                                         \
      nullptr,                                                                                                         \
      [](const porpoise_host* host, porpoise_str id) -> porpoise_task* {                                               \
        return ::porpoise::plugin::create(porpoise_types, sizeof porpoise_types / sizeof porpoise_types[0], host, id); \
      },                                                                                                               \
      nullptr}
