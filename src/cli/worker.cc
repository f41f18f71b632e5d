#include "cli/commands.h"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/exhaustion.h"
#include "cli/settings_reload.h"
#include "cli/worker_environment.h"
#include "config/worker_settings.h"
#include "net/alert_sender.h"
#include "net/listener.h"
#include "net/master_links.h"
#include "observe/http_server.h"
#include "observe/log.h"
#include "observe/loop_monitor.h"
#include "observe/sd_notify.h"
#include "process/confinement.h"
#include "worker/frame_router.h"
#include "worker/lease_keeper.h"
#include "worker/local_peers.h"
#include "worker/membership.h"
#include "worker/state_keeper.h"
#include "worker/tenant.h"
#include "worker/worker_actions.h"
#include "worker/worker_heartbeat.h"
#include "worker/worker_loop.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;

// Empty ones hide nothing.
std::vector<std::string> secrets_of(const WorkerConfig& config) {
  return {config.zookeeper_digest, config.resources.secret_key};
}

LogSettings log_settings(const WorkerConfig& config) {
  LogSettings settings;
  settings.level = config.log_level;
  settings.json = config.log_format == LogFormat::kJson;
  settings.secrets = secrets_of(config);
  return settings;
}

Catalog find_plugins(const WorkerConfig& config, Log& log) {
  std::vector<std::filesystem::path> folders;
  if (!config.plugin_dir.empty()) folders.emplace_back(config.plugin_dir);
  Catalog catalog = Catalog::scan(plugin_folders(folders));
  for (const CatalogProblem& problem : catalog.problems())
    if (problem.kind == CatalogProblem::Kind::kRefused)
      log.warn("plugin refused: " + problem.reason, {{"file", problem.file.string()}});
  return catalog;
}

EngineSettings engine_settings(const WorkerConfig& config, const std::string& address) {
  EngineSettings settings;
  settings.address = address;
  settings.slots = config.exec_threads;
  settings.max_waiting = config.full_policy == FullPolicy::kReject ? config.exec_threads : 0;
  settings.keep_tasks = config.on_session_expired == ExpiryPolicy::kKeep;
  settings.drain_limit = config.drain_timeout;
  settings.outbox.max_age = config.result_max_age;
  return settings;
}

HostSettings host_settings(const WorkerConfig& config, const WorkerEnvironment& needs) {
  HostSettings settings;
  settings.host_binary = needs.host_binary;
  settings.die_with_requester = false;
  settings.seal = needs.seal;
  if (config.on_session_expired != ExpiryPolicy::kKeep) settings.lease = needs.paths.lease_file();
  return settings;
}

void count_ending(MessageMetrics& messages, Connection::Ending ending) {
  if (ending == Connection::Ending::kMalformed) messages.rejected(FrameRejection::kMalformed);
  if (ending == Connection::Ending::kDeadline) messages.rejected(FrameRejection::kDeadline);
}

// The keys that a running worker takes over.
Status take_over(const WorkerConfig& config, Log& log, PeerAuthorizer& masters, FrameRouter& router,
                 TaskExecutor& executor) {
  PORPOISE_TRY(AddressRanges named_masters, AddressRanges::parse(config.allow_masters));
  PORPOISE_TRY(AddressRanges log_peers, AddressRanges::parse(config.allow_log_peers));
  PORPOISE_TRY_VOID(log.set_level(config.log_level));
  masters.set_named(std::move(named_masters));
  router.set_log_peers(std::move(log_peers));
  executor.set_tenants(config);
  return {};
}

void say_start(const WorkerConfig& config, const std::string& address, const Catalog& catalog, Log& log) {
  log.info("porpoise " PORPOISE_VERSION " starts", {{"address", address},
                                                    {"listen", config.listen},
                                                    {"zookeeper", config.zookeeper},
                                                    {"slots", config.exec_threads},
                                                    {"task_types", catalog.types().size()}});
  if (::geteuid() == 0 && config.allow_root_tenant == RootTenant::kLoopback && may_run_as_root(config))
    log.warn("tasks of the tenant root run as root, as on a loopback address; allow-root-tenant: false refuses them");
}

// The whole daemon, in the order in which it comes to life. Everything lives here, on this one thread; what reads logs,
// launches hosts and removes folders has threads of its own and only posts.
Status run_daemon(const ResolvedSettings& resolved, SettingsReload::Read read_again) {
  const WorkerConfig& config = resolved.config;
  // 1. The log, so that what follows can be told; the zone, before threads start.
  PORPOISE_TRY(Log log, Log::open(log_settings(config)));
  PORPOISE_TRY_VOID(use_time_zone(config.time_zone));
  const TimeZone zone = system_time_zone();

  // 2. What a worker cannot do without. Each error here ends it, and names what to change.
  PORPOISE_TRY(WorkerEnvironment needs, find_worker_environment(config));
  const TaskStore& store = needs.store;
  for (const std::string& warning : needs.warnings) log.warn(warning);
  PORPOISE_TRY(const SdNotify systemd, SdNotify::open({environment("NOTIFY_SOCKET"), environment("WATCHDOG_USEC"),
                                                       environment("WATCHDOG_PID")}));
  const Catalog catalog = find_plugins(config, log);

  // 3. The port, before the registry is told of it.
  asio::io_context io(1);
  ListenerOptions listen;
  listen.address = config.listen;
  PORPOISE_TRY(const auto listener, Listener::open(io, listen));

  // 4. The loop with the rules. Everything behind it turns the world into events for it, or carries out its actions.
  Metrics metrics;
  LoopMonitor monitor(metrics.loop, log);
  WorkerLoop loop(io, engine_settings(config, needs.address), monitor);

  // 5. Tasks: their state on disk, their hosts, their alerts.
  const std::shared_ptr<const wire::Profile> profile = wire::profile_31(zone);
  FolderRemover remover(io, [&](const std::string& problem) { log.error(problem); });
  StateKeeper keeper({io, loop, store, needs.paths, zone, *profile, remover, log});
  TaskExecutor executor({io, loop, config, catalog, store, host_settings(config, needs), metrics, log});
  AlertSender alerts(io, {.server = config.alert_server}, *profile, [&](const std::string& text) { log.warn(text); });
  TaskAlerts task_alerts(alerts, loop);

  // 6. Peers: who may speak, what they say, and logs for them on a thread of their own. What is wrong with their
  // requests is a peer's to repeat at will.
  RateLimitedLog complaints(log);
  LogThread logs(io, std::move(needs.log_root), profile, [&](const Error& problem) {
    if (problem.code() != ErrorCode::kNotFound) complaints.warn("log request: " + problem.to_string());
  });
  PeerAuthorizer masters(io, std::move(needs.named_masters));
  LocalPeers local_peers(
      io, [&] { return executor.hosts(); }, [&](const std::string& text) { log.warn(text); });
  local_peers.check(listener->end());
  FrameRouter router({io, *profile, loop, needs.paths, zone, logs, masters, local_peers, std::move(needs.log_peers),
                      metrics, log, complaints});
  MasterLinks links(
      io, {},
      [&](const std::string& master, const wire::Frame& frame) {
        const LoopMonitor::Scope scope(monitor, wire::name_of(frame.command));
        router.from_master(master, frame);
      },
      [&] { return router.encode(wire::Beat{}); }, [&](const std::string& text) { log.warn(text); });

  // 7. Membership.
  Membership membership(
      {loop, metrics, log, monitor.measured("masters", [&](const std::vector<std::string>& registered) {
         masters.set_registered(registered);
       })});
  LeaseKeeper lease(
      needs.paths.lease_file(), config.on_session_expired == ExpiryPolicy::kKeep,
      [lock = needs.lock] { return lock.look_after(); },
      [&](const Error& problem) { asio::post(io, [&, text = problem.to_string()] { complaints.warn(text); }); });
  needs.registration.on_alive = [&](auto sent, auto session_timeout) {  // on the registration's thread
    lease.renew(sent, session_timeout);
    asio::post(io, [&, sent] { executor.session_lives(sent); });
  };
  WorkerHeartbeat heartbeat(config, monitor, metrics, log);
  RegistrationThread registration(
      io, std::move(needs.registration),
      {[&] {
         const Engine& engine = loop.engine();
         return LoopLevels{static_cast<int>(engine.waiting()), engine.leaving() || !engine.storage_works()};
       },
       [&](std::int64_t startup_time_ms, const LoopLevels& levels) { return heartbeat.text(startup_time_ms, levels); }},
      membership);

  // 8. Health and metrics.
  std::unique_ptr<HttpServer> http;
  if (!config.http.empty()) {
    const auto scrape = [&] {
      WorkerGauges now = levels(config, loop.engine(), membership, *listener, links, alerts);
      now.hung_calls = executor.hung_calls();
      now.hung_calls["log"] = logs.hung();
      now.hung_calls["removal"] = remover.hung();
      now.hung_calls["state"] = keeper.hung();
      return metrics.scrape(now);
    };
    PORPOISE_TRY(http, HttpServer::start(
                           io, config.http,
                           {monitor.measured("health", [&] { return health(loop.engine(), heartbeat.overload()); }),
                            monitor.measured("scrape", scrape)}));
  }

  // 9. What the rules want, done. Only who is registered listens: what came before is known by then.
  const auto open_port = [&] {
    listener->start(
        [&](const auto& connection, const wire::Frame& frame) {
          const LoopMonitor::Scope scope(monitor, wire::name_of(frame.command));
          router.from_peer(connection, frame);
        },
        monitor.measured("connection ended",
                         [&](Connection::Ending ending, const std::string& text) {
                           complaints.warn(text);
                           count_ending(metrics.messages, ending);
                         }),
        {[&](const auto& connection, const wire::FrameHead& head) { return router.on_head(connection, head); },
         [&](const IpBytes& address) { return masters.knows(address); }});
    (void)systemd.ready();
  };
  const auto exit = [&] {
    (void)systemd.stopping();
    registration.close([&] { io.stop(); });
  };
  WorkerActions actions(
      {loop, keeper, executor, task_alerts, links, *listener, router, registration, metrics, log, open_port, exit});
  const Watchdog watchdog(io, systemd);
  const SettingsReload reload(
      io, resolved, std::move(read_again),
      [&](const WorkerConfig& now) { return take_over(now, log, masters, router, executor); }, log);
  say_start(config, needs.address, catalog, log);
  registration.start();
  loop.run(actions);
  return {};
}

// As at the start: a file that another user can change decides nothing.
Result<ResolvedSettings> read_trusted(const WorkerFlags& flags, const Variables& variables) {
  PORPOISE_TRY(ResolvedSettings resolved, resolve_worker_flags(flags, variables));
  const FileTrust trust = judge_files(resolved);
  if (!trust.distrusted.empty()) return fail(ErrorCode::kDenied, trust.distrusted.front());
  return resolved;
}

}  // namespace

int run_worker(const WorkerFlags& flags) {
  close_to_others();                                  // before there is a secret in here
  const Variables variables = process_environment();  // a later reading wants the secrets, too
  const auto resolved = resolve_worker_flags(flags, variables);
  if (!resolved) return print_error(resolved.error(), kExitUsage);
  hide_secrets();
  for (const std::string& ignored : resolved->ignored) print_error("without effect: " + ignored, 0);
  const FileTrust trust = judge_files(*resolved);
  for (const std::string& exposed : trust.exposed) print_error(exposed, 0);
  if (!trust.distrusted.empty()) return print_error(trust.distrusted.front(), kExitUsage);
  const Status ended = caught("cannot start or go on", [&] {
    return run_daemon(*resolved, [flags, variables] { return read_trusted(flags, variables); });
  });
  if (ended) return kExitOk;
  return print_error(Redactor(secrets_of(resolved->config)).apply(ended.error().to_string()), kExitEnvironment);
}

}  // namespace porpoise
