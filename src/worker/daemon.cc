#include "worker/daemon.h"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <string>
#include <utility>

#include "base/clock.h"
#include "control/view.h"
#include "net/listener.h"
#include "net/master_links.h"
#include "observe/disk_space.h"
#include "observe/http_server.h"
#include "observe/log.h"
#include "observe/loop_monitor.h"
#include "observe/sd_notify.h"
#include "worker/frame_router.h"
#include "worker/membership.h"
#include "worker/peer_authorizer.h"
#include "worker/retention.h"
#include "worker/state_keeper.h"
#include "worker/tenant.h"
#include "worker/worker_actions.h"
#include "worker/worker_environment.h"
#include "worker/worker_loop.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;

// Of what browsers are shown: with a thousand tasks it takes milliseconds to make.
constexpr std::chrono::milliseconds kViewAge{500};

// What steps 1 to 3 have found. It is made first and destroyed last.
struct Foundation {
  Log log;
  TimeZone zone;
  WorkerEnvironment environment;
  SdNotify systemd;
  Catalog catalog;
  std::unique_ptr<asio::io_context> io;
  std::unique_ptr<Listener> listener;
};

LogSettings log_settings(const WorkerConfig& config) {
  LogSettings settings;
  settings.level = config.log_level;
  settings.json = config.log_format == LogFormat::kJson;
  settings.secrets = secrets_of(config);
  return settings;
}

Result<SdNotify> find_systemd(const Variables& variables) {
  const auto value_of = [&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string_view() : std::string_view(found->second);
  };
  return SdNotify::open({value_of("NOTIFY_SOCKET"), value_of("WATCHDOG_USEC"), value_of("WATCHDOG_PID")});
}

// `sections`: what porpoise.yaml tells them.
Catalog find_plugins(const std::vector<std::filesystem::path>& folders, const Json& sections, Log& log) {
  Catalog catalog = Catalog::scan(folders);
  for (const CatalogProblem& problem : catalog.problems())
    if (problem.kind == CatalogProblem::Kind::kRefused)
      log.warn("plugin refused: " + problem.reason, {{"file", problem.file.string()}});
  for (const std::string& mistake : catalog.mistakes_in(sections)) log.warn("without effect: " + mistake);
  return catalog;
}

std::vector<std::string> type_names(const Catalog& catalog) {
  std::vector<std::string> names;
  for (const CatalogEntry& entry : catalog.types()) names.push_back(entry.type.id);
  return names;
}

Result<Foundation> lay_foundation(const DaemonOptions& options) {
  const WorkerConfig& config = options.settings.config;
  PORPOISE_TRY(Log log, Log::open(log_settings(config)));
  PORPOISE_TRY_VOID(use_time_zone(config.time_zone));
  PORPOISE_TRY(WorkerEnvironment environment, find_worker_environment(config, options.environment));
  for (const std::string& warning : environment.warnings) log.warn(warning);
  PORPOISE_TRY(SdNotify systemd, find_systemd(options.environment));
  Catalog catalog = find_plugins(options.plugin_folders, config.plugins, log);
  auto io = std::make_unique<asio::io_context>(1);
  ListenerOptions listen;
  listen.address = config.listen;
  PORPOISE_TRY(auto listener, Listener::open(*io, listen));
  return Foundation{std::move(log),     system_time_zone(), std::move(environment), std::move(systemd),
                    std::move(catalog), std::move(io),      std::move(listener)};
}

// What adapters have trouble with, for the worker's log.
//
// Owned by Daemon; each event on the thread of its adapter.
class Troubles final : public LogEvents, public LeaseEvents {
 public:
  Troubles(asio::io_context& io, RateLimitedLog& complaints) : io_(io), complaints_(complaints) {}

  void on_log_problem(const Error& problem) override {
    if (problem.code() != ErrorCode::kNotFound) complaints_.warn("log request: " + problem.to_string());
  }
  void on_lease_problem(const Error& problem) override {
    asio::post(io_, [this, text = problem.to_string()] { complaints_.warn(text); });
  }

 private:
  asio::io_context& io_;
  RateLimitedLog& complaints_;
};

}  // namespace

// The members are steps 4 to 9, and are made in that order.
class Daemon::Impl {
 public:
  Impl(DaemonOptions options, Foundation foundation);
  Status serve_http();
  void run();

 private:
  // What the adapters ask and report.
  RegistrationSources registration_sources();
  Status take_over(const WorkerConfig& config);
  HealthReport health() const;
  WorkerGauges gauges() const;
  std::map<std::string, std::size_t> hung_calls() const;
  WorkerView view() const;

  const DaemonOptions options_;
  const WorkerConfig& config_ = options_.settings.config;
  Foundation foundation_;
  WorkerEnvironment& environment_ = foundation_.environment;
  Log& log_ = foundation_.log;
  asio::io_context& io_ = *foundation_.io;
  Listener& listener_ = *foundation_.listener;

  const std::int64_t start_time_ms_ = wall_ms();

  Metrics metrics_{type_names(foundation_.catalog)};
  DiskSpace disks_{io_, {{"data", environment_.paths.data_dir}, {"log", environment_.paths.log_dir}}};
  LoopMonitor monitor_{metrics_.loop, log_};
  WorkerLoop loop_{io_, engine_settings(config_, environment_), monitor_};

  const std::shared_ptr<const wire::Profile> profile_ = wire::profile_31(foundation_.zone);
  StateKeeper keeper_{{io_, loop_, environment_.store, environment_.paths, foundation_.zone, *profile_, log_}};
  TaskExecutor executor_{{io_, loop_, config_, foundation_.catalog, environment_.store,
                          host_settings(config_, environment_), metrics_, log_}};
  TaskAlerts alerts_{io_, {.server = config_.alert_server}, *profile_, loop_, log_};

  RateLimitedLog complaints_{log_};  // what is wrong with the requests of peers is theirs to repeat at will
  Troubles troubles_{io_, complaints_};
  LogThread logs_{io_, std::move(environment_.log_root), profile_, troubles_};
  PeerAuthorizer masters_{io_, std::move(environment_.named_masters)};
  LocalPeers local_peers_{io_, executor_, log_};
  FrameRouter router_{{io_, *profile_, loop_, environment_.paths, foundation_.zone, logs_, masters_, local_peers_,
                       std::move(environment_.log_peers), monitor_, metrics_, log_, complaints_}};
  MasterLinks links_{io_, {}, router_};

  LeaseKeeper lease_{environment_.paths.lease_file(), config_.on_session_expired == ExpiryPolicy::kKeep,
                     [lock = environment_.lock] { return lock.look_after(); }, troubles_};
  Retention retention_{io_, loop_, {environment_.paths.log_dir, environment_.paths.state_root(),
                                   environment_.paths.tasks().execute_root},
                       {config_.log_retention, config_.log_max_total}, log_};
  Membership membership_{{io_, loop_, masters_, lease_, executor_, monitor_, metrics_, log_}};
  WorkerHeartbeat heartbeat_{config_, monitor_, metrics_, log_};
  RegistrationThread registration_{io_, std::move(environment_.registration), registration_sources(), membership_};

  std::unique_ptr<HttpServer> http_;  // none where the key 'http' is empty

  WorkerActions actions_{{io_, keeper_, executor_, alerts_, links_, listener_, router_, registration_, metrics_, log_,
                          foundation_.systemd}};
  const Watchdog watchdog_{io_, foundation_.systemd};
  const SettingsReload reload_{io_, options_.settings, options_.read_again,
                               [this](const WorkerConfig& now) { return take_over(now); }, log_};
};

Daemon::Impl::Impl(DaemonOptions options, Foundation foundation)
    : options_(std::move(options)), foundation_(std::move(foundation)) {
  local_peers_.check(listener_.end());
}

Status Daemon::Impl::serve_http() {
  if (config_.http.empty()) return {};
  const HttpPages pages{monitor_.measured("health", [this] { return health(); }),
                        monitor_.measured("scrape", [this] { return metrics_.scrape(gauges()); }),
                        monitor_.measured("status", kept(kViewAge, [this] { return dump_json(status_json(view())); })),
                        monitor_.measured("tasks", kept(kViewAge, [this] { return dump_json(tasks_json(view())); }))};
  PORPOISE_TRY(http_, HttpServer::start(io_, config_.http, pages));
  return {};
}

void Daemon::Impl::run() {
  log_.info("porpoise " PORPOISE_VERSION " starts", {{"address", environment_.address},
                                                     {"listen", config_.listen},
                                                     {"zookeeper", config_.zookeeper},
                                                     {"slots", config_.exec_threads},
                                                     {"task_types", foundation_.catalog.types().size()}});
  if (::geteuid() == 0 && config_.allow_root_tenant == RootTenant::kLoopback && may_run_as_root(config_))
    log_.warn("tasks of the tenant root run as root, as on a loopback address; allow-root-tenant: false refuses them");
  registration_.start();
  loop_.run(actions_);
}

// --- Membership ---

RegistrationSources Daemon::Impl::registration_sources() {
  return {[this] {
            const Engine& engine = loop_.engine();
            return LoopLevels{static_cast<int>(engine.waiting()), engine.leaving() || !engine.storage_works()};
          },
          [this](std::int64_t startup_time_ms, const LoopLevels& levels) {
            return heartbeat_.text(startup_time_ms, levels);
          }};
}

// --- What people ask and change ---

// The keys that a running worker takes over.
Status Daemon::Impl::take_over(const WorkerConfig& config) {
  PORPOISE_TRY(AddressRanges named_masters, AddressRanges::parse(config.allow_masters));
  PORPOISE_TRY(AddressRanges log_peers, AddressRanges::parse(config.allow_log_peers));
  PORPOISE_TRY_VOID(log_.set_level(config.log_level));
  masters_.set_named(std::move(named_masters));
  router_.set_log_peers(std::move(log_peers));
  executor_.set_tenants(config);
  return {};
}

HealthReport Daemon::Impl::health() const {
  const Engine& engine = loop_.engine();
  const std::string overload = heartbeat_.overload();  // a remark: a busy worker is well
  return {
      {{"registered", engine.registered(), engine.registered() ? "" : "not in ZooKeeper (yet, or any more)"},
       {"stateDirWritable", engine.storage_works(), engine.storage_works() ? "" : "accepted tasks cannot be written"},
       {"accepting", !engine.leaving(), engine.leaving() ? "draining" : ""},
       {"load", true, overload.empty() ? "" : "overloaded: " + overload}}};
}

WorkerGauges Daemon::Impl::gauges() const {
  const Engine& engine = loop_.engine();
  WorkerGauges now;
  now.running = engine.running_by_type();
  now.waiting = engine.waiting();
  now.slots_total = static_cast<std::size_t>(config_.exec_threads);
  now.slots_used = engine.running();
  now.draining = engine.leaving();
  now.results_unacked = engine.outbox().size();
  now.outbox_bytes = engine.outbox().bytes();
  now.oldest_unacked = std::chrono::milliseconds(engine.outbox().oldest_age_ms({wall_ms(), mono_ms()}));
  now.registry_connected = membership_.connected();
  now.overloaded = !heartbeat_.overload().empty();
  now.disks = disks_.rooms();
  now.incoming_connections = listener_.connections();
  now.master_connections = links_.connections();
  now.alert_connections = alerts_.connections();
  now.hung_calls = hung_calls();
  return now;
}

std::map<std::string, std::size_t> Daemon::Impl::hung_calls() const {
  std::map<std::string, std::size_t> calls = executor_.hung_calls();
  calls["disk"] = disks_.hung();
  calls["log"] = logs_.hung();
  calls["encoding"] = actions_.hung_encodings();
  calls["removal"] = keeper_.hung_removals();
  calls["retention"] = retention_.hung();
  calls["state"] = keeper_.hung();
  return calls;
}

WorkerView Daemon::Impl::view() const {
  WorkerView now;
  now.now = {wall_ms(), mono_ms()};
  now.version = PORPOISE_VERSION;
  now.pid = ::getpid();
  now.start_time_ms = start_time_ms_;
  now.address = environment_.address;
  now.listen = config_.listen;
  now.http = config_.http;
  now.zookeeper = config_.zookeeper;
  now.zookeeper_namespace = config_.zookeeper_namespace;
  now.data_dir = environment_.paths.data_dir.string();
  now.log_dir = environment_.paths.log_dir.string();
  now.connected = membership_.connected();
  now.engine = loop_.engine().view(now.now);
  now.overload = heartbeat_.overload();
  now.hosts = executor_.hosts_by_task();
  now.incoming_connections = listener_.connections();
  now.master_connections = links_.connections();
  now.alert_connections = alerts_.connections();
  now.hung_calls = hung_calls();
  return now;
}

// --- Daemon ---

Daemon::Daemon(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Daemon::Daemon(Daemon&& other) noexcept = default;
Daemon::~Daemon() = default;

Result<Daemon> Daemon::open(DaemonOptions options) {
  PORPOISE_TRY(Foundation foundation, lay_foundation(options));
  auto impl = std::make_unique<Impl>(std::move(options), std::move(foundation));
  PORPOISE_TRY_VOID(impl->serve_http());
  return Daemon(std::move(impl));
}

void Daemon::run() { impl_->run(); }

}  // namespace porpoise
