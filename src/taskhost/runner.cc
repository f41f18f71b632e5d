#include "taskhost/runner_process.h"

#include <fcntl.h>
#include <porpoise/ext/dry_run.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <unwind.h>

#include <cerrno>
#include <exception>
#include <filesystem>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include "base/exhaustion.h"
#include "base/file.h"
#include "base/signals.h"
#include "plugin/loader.h"
#include "plugin/note.h"
#include "process/confinement.h"
#include "process/user.h"
#include "taskhost/channel.h"
#include "taskhost/limits.h"
#include "taskhost/plugin_host.h"

namespace porpoise {
namespace {

struct Outcome {
  porpoise_status status = PORPOISE_INTERNAL;
  int exit_code = -1;
  std::string message;
};

porpoise_result empty_result() { return {sizeof(porpoise_result), PORPOISE_INTERNAL, -1, 0, {nullptr, 0}}; }

Outcome to_outcome(const porpoise_result& result) {
  return {result.status, result.exit_code, std::string(to_view(result.message))};
}

// Runs plugin code; an exception that comes out of it becomes an outcome.
template <typename Call>
Outcome fenced(Call call) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return {PORPOISE_INTERNAL, -1, "the plugin threw an exception: out of memory (std::bad_alloc)"};
  } catch (const std::exception& error) {
    return {PORPOISE_INTERNAL, -1, std::string("the plugin threw an exception: ") + error.what()};
  } catch (...) {
    return {PORPOISE_INTERNAL, -1, "the plugin threw an exception that is not a std::exception"};
  }
}

// Host and plugin may each have an unwinder linked in. An exception of the plugin's runs through ours when it gets to
// fenced(), and libgcc aborts there unless ours was used before.
void wake_unwinder() {
  ::_Unwind_Backtrace([](_Unwind_Context*, void*) { return _URC_END_OF_STACK; }, nullptr);
}

class Runner {
 public:
  explicit Runner(RunnerSetup setup)
      : request_(setup.request),
        setup_(std::move(setup)),
        config_json_(dump_json(request_.plugin_config)),
        host_(request_, setup_.tenant, setup_.channel, setup_.output.get()) {}

  void run() {
    const Status hears = caught("the task cannot run", [this] {
      return std::thread([this] { listen(); }).detach(), Status();  // ends with the process
    });
    if (!hears) refuse(hears.error());
    limit_memory();
    wake_unwinder();
    const Outcome outcome = fenced([this] { return run_task(); });
    const bool told = setup_.channel.send({.kind = PacketKind::kOutcome,
                                           .number = outcome.status,
                                           .code = outcome.exit_code,
                                           .first = std::string_view(outcome.message).substr(0, kMaxLineBytes)});
    clean_up();
    ::_exit(told ? 0 : kChannelLostStatus);
  }

 private:
  [[noreturn]] void refuse(const Error& error) {
    const std::string text = error.to_string();
    setup_.channel.send({.kind = PacketKind::kOutcome, .number = PORPOISE_UNAVAILABLE, .code = -1, .first = text});
    ::_exit(0);
  }

  Outcome run_task() {
    auto loaded = load_plugin(request_.plugin);
    if (!loaded) return {PORPOISE_UNAVAILABLE, -1, loaded.error().to_string()};
    plugin_ = loaded->api;
    if (const Status fits = introduce(loaded->file); !fits) return {PORPOISE_UNAVAILABLE, -1, fits.error().to_string()};
    if (plugin_.init != nullptr)
      if (const porpoise_status status = plugin_.init(host_.table()); status != PORPOISE_OK)
        return {status, -1, "the plugin cannot work here: its init gave status " + std::to_string(status)};
    initialised_ = true;
    const auto task = create_task(*loaded, host_.table(), request_.task_type);
    if (!task) return {PORPOISE_INVALID_PARAMS, -1, task.error().to_string()};
    publish(*task);
    return prepare_and_run(*task);
  }

  // By the schema that the plugin gives for them. What is no JSON at all is left to the plugin to complain of.
  Outcome check_parameters() const {
    const auto params = parse_json(request_.task_params);
    if (!params) return {PORPOISE_OK, 0, ""};
    const std::vector<SchemaProblem> problems = check_params(params_schema_, *params);
    std::string text;
    for (const auto& [pointer, message] : problems)
      text += (text.empty() ? "" : "; ") + (pointer.empty() ? "taskParams" : pointer) + " " + message;
    if (problems.empty()) return {PORPOISE_OK, 0, ""};
    return {PORPOISE_INVALID_PARAMS, -1,
            "the task's parameters do not fit the schema of " + request_.task_type + ": " + text};
  }

  Outcome prepare_and_run(const PluginTask& task) {
    if (Outcome fits = check_parameters(); fits.status != PORPOISE_OK) return fits;
    c_request_ = make_request();
    porpoise_result result = empty_result();
    if (const porpoise_status status = task.api.prepare(task.self, &c_request_, &result); status != PORPOISE_OK) {
      result.status = status;
      return to_outcome(result);
    }
    if (request_.dry_run) return plan(task);
    if (host_.cancelled()) return {PORPOISE_CANCELLED, -1, "cancelled before it began"};
    result = empty_result();
    task.api.run(task.self, &result);
    Outcome outcome = to_outcome(result);
    if (host_.environment_ended() && outcome.status != PORPOISE_CANCELLED)
      outcome = {PORPOISE_FAILED, outcome.exit_code == 0 ? -1 : outcome.exit_code,
                 "the environment file ended the shell before the task began"};
    return outcome;
  }

  Outcome plan(const PluginTask& task) {
    const auto get_extension = task.api.get_extension;
    const void* found = get_extension == nullptr ? nullptr : get_extension(task.self, to_c(PORPOISE_EXT_DRY_RUN));
    if (found == nullptr) {
      host_.log(LogLevel::kInfo, "dry run: the parameters are good; this plugin does not say what it would do");
      return {PORPOISE_OK, 0, ""};
    }
    porpoise_str text{};
    const porpoise_status status = static_cast<const porpoise_dry_run*>(found)->plan(task.self, &text);
    if (status != PORPOISE_OK) return {status, -1, std::string(to_view(text))};
    host_.log(LogLevel::kInfo, "dry run, it would do:\n" + std::string(to_view(text)));
    return {PORPOISE_OK, 0, ""};
  }

  // What its note says. The catalog of another build may have let it through: what this host lacks is an error here
  // too.
  Status introduce(const std::filesystem::path& file) {
    std::string version;
    const auto metadata = read_plugin_note(file);
    if (metadata)
      for (const PluginType& type : metadata->types)
        if (type.id == request_.task_type) {
          version = ", version " + type.version + " by " + type.vendor;
          params_schema_ = type.params_schema;
        }
    host_.log(LogLevel::kInfo, "plugin " + file.string() + version);
    if (!metadata) return {};  // a plugin without a note was named by its path alone
    const Status fits = check_abi(*metadata);
    return fits ? fits : fail(fits.error().wrap("plugin " + file.string()));
  }

  porpoise_request make_request() const {
    porpoise_request request{};
    request.size = sizeof request;
    request.flags = request_.dry_run ? PORPOISE_REQUEST_DRY_RUN : 0;
    request.task_instance_id = request_.task_instance_id;
    request.name = to_c(request_.task_name);
    request.type_id = to_c(request_.task_type);
    request.params_json = to_c(request_.task_params);
    request.config_json = to_c(config_json_);
    request.context_json = to_c(context_json_);
    request.work_dir = to_c(request_.execute_path);
    request.file_stem = to_c(file_stem_);
    request.app_ids = to_c(request_.app_ids);
    request.deadline_mono_ms = setup_.deadline_mono_ms;
    request.attempt = request_.attempt;
    return request;
  }

  // The control thread: hears the supervisor until it is gone.
  void listen() {
    while (const auto packet = setup_.channel.receive(true)) {
      if (packet->kind == PacketKind::kAnswer) host_.answered(packet->number);
      if (packet->kind == PacketKind::kCancel) cancel(packet->number, std::string(packet->first));
    }
    host_.disconnect();
  }

  // On a thread of its own: the plugin may call add_app_id in there, whose answer this thread has to hear.
  void cancel(porpoise_cancel_reason reason, std::string text) {
    host_.cancel(reason, text);
    fenced([&] {
      std::thread([this, reason, text = std::move(text)] { cancel_task(reason, text); }).detach();
      return Outcome{};
    });
  }

  void cancel_task(porpoise_cancel_reason reason, const std::string& text) {
    const std::lock_guard lock(task_mutex_);  // so that destroy waits for cancel to return
    if (task_.api.cancel != nullptr)
      fenced([&] { return task_.api.cancel(task_.self, reason, to_c(text)), Outcome{}; });
  }

  void publish(const PluginTask& task) {
    const std::lock_guard lock(task_mutex_);
    task_ = task;
  }

  void clean_up() {
    const PluginTask task = task_;
    publish({});
    fenced([&] {
      if (task.self != nullptr) task.api.destroy(task.self);
      if (initialised_ && plugin_.deinit != nullptr) plugin_.deinit();
      return Outcome{};
    });
  }

  // The address space of this process, now that all of the host is in it, plus what the plugin may have. The sanitizers
  // reserve terabytes, so under them only the supervisor's watch remains.
  void limit_memory() {
#ifndef PORPOISE_SANITIZED
    if (request_.plugin_memory_bytes == 0) return;
    const auto statm = read_file("/proc/self/statm", 1024);
    rlimit before{};
    if (!statm || ::getrlimit(RLIMIT_AS, &before) != 0) return;
    const auto pages = static_cast<rlim_t>(std::strtoull(statm->c_str(), nullptr, 10));
    rlimit limit = before;
    limit.rlim_cur = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + request_.plugin_memory_bytes;
    if (limit.rlim_cur >= before.rlim_cur) return;
    if (::setrlimit(RLIMIT_AS, &limit) == 0) host_.set_child_address_space(before);
#endif
  }

  const TaskRequest& request_;
  RunnerSetup setup_;
  Json params_schema_;  // null: no note, nothing is checked
  const std::string config_json_;
  const std::string context_json_ = dump_json(plugin_context(request_));
  const std::string file_stem_ = request_.task_app_id();
  PluginHost host_;
  porpoise_plugin plugin_{};
  porpoise_request c_request_{};
  bool initialised_ = false;
  std::mutex task_mutex_;
  PluginTask task_;
};

// The host has looked the user up before: what fails here is a machine that changes under our feet.
void become_tenant(const std::string& name, const SudoUser& tenant) {
  if (name.empty()) return;
  const auto user = find_user(name);
  if (user && tenant.needed()) return use_environment_of(*user);  // only what is started becomes the tenant
  const Status done = user ? become_user(*user) : Status(fail(user.error()));
  if (!done) ::_exit(kTenantLostStatus);
}

// Keeps the plugin, and all that it starts, out of what the worker has for itself. Root could not be kept out, and a
// tenant is by the rights of files. Where the kernel cannot do it, the worker has said so at its start.
void hide_the_worker(const TaskRequest& request) {
  const bool is_workers_user = request.run_as.empty() && ::geteuid() != 0;
  if (!is_workers_user || !request.no_new_privs || request.hidden_paths.empty()) return;
  Confinement confinement;
  confinement.hidden.assign(request.hidden_paths.begin(), request.hidden_paths.end());
  confinement.writable = {request.execute_path};
  confinement.readable = {request.log_path, std::filesystem::path(request.plugin).parent_path(), request.env_file};
  const Status done = confine(confinement);
  if (!done && done.error().code() != ErrorCode::kUnavailable) ::_exit(kUnconfinedStatus);
}

// Everything inherited from the supervisor that a plugin must not see.
void become_runner(RunnerSetup& setup) {
  ::setpgid(0, 0);
  if (setup.cgroup != nullptr) setup.cgroup->enter();
  become_tenant(setup.request.run_as, setup.tenant);
  // Where sudo is the way to the tenant, only what it has started can do without.
  if (setup.request.no_new_privs && !setup.tenant.needed()) ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  hide_the_worker(setup.request);
  // The supervisor ends the task's processes in every case but its own death.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != setup.supervisor) ::_exit(kChannelLostStatus);
  ::prctl(PR_SET_DUMPABLE, 0);  // no core: it would have the task's secrets in it

  reset_signal_handlers();
  ::signal(SIGPIPE, SIG_IGN);  // a peer that hangs up is an error of one call
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);

  setup.output = lift(std::move(setup.output));
  setup.channel.lift();
  close_all_but(setup.output.get(), setup.channel.fd());
  const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ::dup2(nothing.get(), STDIN_FILENO);
  ::dup2(setup.output.get(), STDOUT_FILENO);  // what a plugin prints is the task's output too
  ::dup2(setup.output.get(), STDERR_FILENO);
}

}  // namespace

void run_plugin(RunnerSetup setup) {
  become_runner(setup);
  Runner(std::move(setup)).run();
  ::_exit(kChannelLostStatus);
}

}  // namespace porpoise
