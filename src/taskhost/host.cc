#include "taskhost/supervisor.h"

#include <fcntl.h>
#include <porpoise/plugin.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string_view>
#include <system_error>

#include "base/clock.h"
#include "base/exhaustion.h"
#include "base/file.h"
#include "taskdir/result_file.h"
#include "taskdir/work_directory.h"
#include "taskhost/limits.h"
#include "taskhost/task_environment.h"

namespace porpoise {
namespace {

// Leader of a session of its own, so that no terminal reaches the task, and parent of all its orphans.
Result<UniqueFd> take_charge() {
  if (::setsid() < 0 && ::getsid(0) != ::getpid()) return fail_errno("cannot lead a session", errno);
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return fail_errno("cannot adopt orphans", errno);
  rlimit no_core{};
  ::getrlimit(RLIMIT_CORE, &no_core);
  no_core.rlim_cur = 0;  // the hard limit stays: a task may want its own dumps
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t ours;
  ::sigemptyset(&ours);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&ours, signal);
  ::sigprocmask(SIG_BLOCK, &ours, nullptr);
  UniqueFd signals(::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) return fail_errno("cannot make a signalfd", errno);
  return signals;
}

Result<TaskRequest> parse_request(const std::string& text) {
  PORPOISE_TRY(const Json json, parse_json(text));
  return task_request_from_json(json);
}

// For a later requester that wants to know whether the task still runs.
Status write_host_json(const HostOptions& options, const ProcessInfo& self, const std::string& cookie) {
  const Json json = {
      {"v", 1}, {"pid", self.pid}, {"startTicks", self.start_ticks}, {"bootId", boot_id()}, {"cookie", cookie}};
  return write_file(options.state_dir / kHostFile, dump_json(json), 0600, Durability::kAtomic);
}

// Beside this program, wherever that is installed.
Result<std::filesystem::path> fetch_program() {
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "porpoise-fetch";
  if (::access(program.c_str(), X_OK) == 0) return program;
  return fail_errno("cannot fetch resources with " + program.string() + ", which is a part of porpoise", errno);
}

// For porpoise-fetch alone: it may hold a secret, so it is not read in here, from where the plugin's process is forked,
// and does not stay on disk.
Result<UniqueFd> take_order(const std::filesystem::path& state_dir) {
  const std::filesystem::path file = state_dir / kOrderFile;
  UniqueFd order(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!order) return fail_errno("cannot open " + file.string() + ", which says where the resources are", errno);
  if (::unlink(file.c_str()) != 0) return fail_errno("cannot remove " + file.string(), errno);
  return order;
}

// A first attempt is not called one: 3.1 masters tell no number, so of a worker's task it may be any.
void introduce(const TaskRequest& request, TaskLog& log) {
  log.write(LogLevel::kInfo, "task \"" + request.task_name + "\" of type " + request.task_type + ", task instance " +
                                 std::to_string(request.task_instance_id) + " of workflow instance " +
                                 std::to_string(request.process_instance_id) +
                                 (request.attempt > 1 ? ", attempt " + std::to_string(request.attempt) : "") +
                                 (request.dry_run ? ", dry run" : ""));
  std::string place = "working directory " + request.execute_path;
  if (request.timeout.count() > 0) place += ", timeout " + in_seconds(request.timeout);
  log.write(LogLevel::kInfo, place);
}

void conclude(const TaskResult& result, TaskLog& log) {
  if (!result.message.empty())
    log.write(result.state == TaskState::kSuccess ? LogLevel::kWarn : LogLevel::kError, result.message);
  const std::chrono::milliseconds duration(result.end_time_ms - result.start_time_ms);
  log.write(LogLevel::kInfo, "task ended: " + std::string(to_string(result.state)) + ", exit code " +
                                 std::to_string(result.exit_code) + ", after " + in_seconds(duration));
  log.write(LogLevel::kInfo, "FINALIZE_SESSION");
  log.flush();
}

// One task, step by step.
class Host {
 public:
  Host(const HostOptions& options, UniqueFd signals)
      : options_(options), signals_(std::move(signals)), control_(UniqueFd(options.control_fd)) {}

  Status run() {
    result_.start_time_ms = wall_ms();
    const auto done = do_task();
    if (!done) refuse(done.error());
    return report();
  }

  // Of the task, once it has run; where it has none, 0 for success and 1 for all else.
  int exit_code() const {
    if (result_.state == TaskState::kSuccess) return std::clamp(result_.exit_code, 0, 255);
    return result_.exit_code > 0 ? std::min(result_.exit_code, 255) : 1;
  }

 private:
  Status do_task() {
    if (options_.sealed) {
      PORPOISE_TRY(seal_, ResultSeal::receive(options_.control_fd));
    }
    PORPOISE_TRY(const std::string request_json, read_file(options_.state_dir / kRequestFile, kMaxRequestBytes));
    PORPOISE_TRY(request_, parse_request(request_json));
    result_.task_instance_id = request_.task_instance_id;
    result_.var_pool = request_.var_pool;
    result_.app_ids = request_.app_ids;
    const auto zone = use_time_zone(request_.time_zone);
    PORPOISE_TRY(log_, TaskLog::open(request_.log_path, request_.log_max_bytes));
    introduce(request_, *log_);
    PORPOISE_TRY_VOID(zone);
    PORPOISE_TRY_VOID(announce());
    PORPOISE_TRY_VOID(check_work_directory(request_, options_.state_dir));
    const SudoUser tenant(request_.run_as, options_.self);
    Status supervised = supervise(tenant);
    if (!request_.keep_execute_path) remove_directory(tenant);
    return supervised;
  }

  Status announce() {
    const auto self = read_process(::getpid());
    if (!self) return fail(ErrorCode::kIo, "cannot read /proc/self/stat");
    const std::string cookie = task_cookie(request_.task_instance_id, self->pid, self->start_ticks);
    if (!options_.die_with_requester) forget_the_daemons();  // a replay's requester is a person at a shell
    mark_as_task(cookie);
    mark_ = {self->pid, self->start_ticks, std::string(kCookieVariable) + "=" + cookie};
    if (!options_.die_with_requester) PORPOISE_TRY_VOID(meet_later_requesters(*self, cookie));
    control_.tell(StartedMessage{self->pid});
    return {};
  }

  // Without the socket, which some file systems do not have, they can only follow us, and end us by a signal.
  Status meet_later_requesters(const ProcessInfo& self, const std::string& cookie) {
    const Status listening = control_.listen(options_.state_dir, seal_ ? seal_->proof_for(cookie) : "");
    if (!listening) log_->write(LogLevel::kWarn, listening.error().to_string());
    return write_host_json(options_, self, cookie);
  }

  Status supervise(const SudoUser& tenant) {
    std::optional<Supervisor::Clock::time_point> deadline;
    if (request_.timeout.count() > 0) deadline = Supervisor::Clock::now() + request_.timeout;
    Status made;
    control_.answer_while([&] { made = make_work_directory(request_, options_.state_dir, tenant); });
    PORPOISE_TRY_VOID(made);
    // Now, as it shows what sudo will say later on, when a task has to be ended too.
    if (tenant.needed()) PORPOISE_TRY_VOID(tenant.run({"probe", request_.execute_path}));
    PORPOISE_TRY(const bool complete, fetch_resources(deadline));
    return complete ? run_plugin(tenant, deadline) : Status();
  }

  // False when the task has ended over it.
  Result<bool> fetch_resources(std::optional<Supervisor::Clock::time_point> deadline) {
    if (!request_.fetches_resources()) return true;
    PORPOISE_TRY(const std::filesystem::path program, fetch_program());
    PORPOISE_TRY(const UniqueFd order, take_order(options_.state_dir));
    TaskOutput output(*log_, {});
    const SudoUser nobody("", options_.self);  // it is none of the tenant's processes
    TenantKill sweep(nobody, mark_, *log_);
    Supervisor supervisor(options_, request_, *log_, output, control_, nobody, sweep, signals_.get(), deadline);
    PORPOISE_TRY(const ExecutionReport seen, supervisor.run_fetch(program, order.get()));
    result_.fetched = seen.fetched;
    const bool stopped = seen.end.stop != StopReason::kNone;
    if (!stopped && seen.end.outcome && seen.end.outcome->status == PORPOISE_OK) return true;
    result_.fetch_failed = !stopped;
    classify_outcome(request_, seen.end, result_);
    return false;
  }

  Status run_plugin(const SudoUser& tenant, std::optional<Supervisor::Clock::time_point> deadline) {
    PORPOISE_TRY(PropertyList declared, local_params(request_.task_params));
    TaskOutput output(*log_, std::move(declared));
    TenantKill sweep(tenant, mark_, *log_);
    Supervisor supervisor(options_, request_, *log_, output, control_, tenant, sweep, signals_.get(), deadline);
    PORPOISE_TRY(ExecutionReport seen, supervisor.run_plugin());
    seen.end.refused_output = output.refusal();
    classify_outcome(request_, seen.end, result_);
    result_.process_id = seen.process_id;
    result_.app_ids = std::move(seen.app_ids);
    result_.branch = std::move(seen.branch);
    result_.alert = std::move(seen.alert);
    hand_on(request_, output.var_pool(request_.var_pool), result_);
    add_survivors(result_, seen.survivors);
    return {};
  }

  void remove_directory(const SudoUser& tenant) {
    Status removed;
    control_.answer_while([&] { removed = remove_work_directory(request_, tenant); });
    if (!removed) log_->write(LogLevel::kWarn, removed.error().to_string());
  }

  void refuse(const Error& error) {
    result_.state = TaskState::kFailure;
    result_.message = error.to_string();
  }

  Status report() {
    result_.end_time_ms = wall_ms();
    if (log_) conclude(result_, *log_);
    // On disk before anybody is told: whoever acts on a result may lose power, and must find it again.
    PORPOISE_TRY_VOID(write_result(options_.state_dir, result_, seal_.get()));
    control_.tell_last(FinishedMessage{result_});
    return {};
  }

  const HostOptions& options_;
  const UniqueFd signals_;
  std::shared_ptr<const ResultSeal> seal_;
  ControlLink control_;
  TaskRequest request_;
  TaskIdentity mark_;
  std::optional<TaskLog> log_;
  TaskResult result_;
};

}  // namespace

int run_host(const HostOptions& options) {
  const auto run = [&]() -> Result<int> {
    PORPOISE_TRY(UniqueFd signals, take_charge());
    Host host(options, std::move(signals));
    PORPOISE_TRY_VOID(host.run());
    return host.exit_code();
  };
  int code = kHostFailed;
  const Status done = caught("the task host cannot go on", [&]() -> Status {
    PORPOISE_TRY(code, run());
    return {};
  });
  if (done) return code;
  std::fprintf(stderr, "porpoise-host: %s\n", done.error().to_string().c_str());
  return kHostFailed;
}

}  // namespace porpoise
