#include "cli/worker.h"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/time_zone.h"
#include "cli/console.h"
#include "cli/plugins.h"
#include "cli/worker_environment.h"
#include "cli/worker_flags.h"
#include "cli/worker_status.h"
#include "config/file_trust.h"
#include "net/alert_sender.h"
#include "net/listener.h"
#include "net/master_links.h"
#include "observe/http_server.h"
#include "observe/loop_monitor.h"
#include "observe/rate_limited_log.h"
#include "observe/redactor.h"
#include "observe/sd_notify.h"
#include "observe/watchdog.h"
#include "worker/frame_router.h"
#include "worker/graceful_shutdown.h"
#include "worker/membership.h"
#include "worker/task_deeds.h"
#include "worker/task_desk.h"
#include "worker/tenant.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;

constexpr const char* kExamples = R"(Examples:
  porpoise worker --zookeeper zk1:2181,zk2:2181
  porpoise worker --ds-conf /opt/dolphinscheduler/worker-server/conf      with the settings of a Java worker
  porpoise worker --zookeeper 127.0.0.1:2181 --data-dir /tmp/porpoise --log-dir /tmp/porpoise/logs
  porpoise config show --zookeeper zk1:2181                               what it would run with, and why

SIGTERM drains: nothing new is accepted, running tasks finish, then the worker leaves. A second SIGTERM ends them.
After SIGKILL, or an upgrade, tasks run on: start the worker again within the session timeout and it goes on with them.)";

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

TableSettings table_settings(const WorkerConfig& config, const std::string& address) {
  TableSettings settings;
  settings.address = address;
  settings.slots = config.exec_threads;
  settings.max_waiting = config.full_policy == FullPolicy::kReject ? config.exec_threads : 0;
  settings.outbox.max_age = config.result_max_age;
  return settings;
}

void count_ending(MessageMetrics& messages, Connection::Ending ending) {
  if (ending == Connection::Ending::kMalformed) messages.rejected(FrameRejection::kMalformed);
  if (ending == Connection::Ending::kDeadline) messages.rejected(FrameRejection::kDeadline);
}

// The whole daemon, in the order in which it comes to life. Everything lives here, on this one thread; what reads logs,
// launches hosts and removes folders has threads of its own and only posts.
Status run_worker(const WorkerConfig& config) {
  // 1. The log, so that what follows can be told; the zone, before threads start.
  PORPOISE_TRY(Log log, Log::open(log_settings(config)));
  PORPOISE_TRY_VOID(use_time_zone(config.time_zone));
  const TimeZone zone = system_time_zone();

  // 2. What a worker cannot do without. Each error here ends it, and names what to change.
  PORPOISE_TRY(WorkerEnvironment needs, find_worker_environment(config));
  const TaskStore& store = needs.store;
  PORPOISE_TRY(const SdNotify systemd, SdNotify::open({environment("NOTIFY_SOCKET"), environment("WATCHDOG_USEC"),
                                                       environment("WATCHDOG_PID")}));
  const Catalog catalog = find_plugins(config, log);

  // 3. The port, before anybody is told of it.
  asio::io_context io(1);
  ListenerOptions listen;
  listen.address = config.listen;
  PORPOISE_TRY(const auto listener, Listener::open(io, listen));

  // 4. The life of tasks: rules, deeds, and the desk where events come in. They know each other through these two.
  Metrics metrics;
  LoopMonitor loop(metrics.loop, log);
  const std::shared_ptr<const wire::Profile> profile = wire::profile_31(zone);
  TaskDesk* desk_of = nullptr;
  FrameRouter* router_of = nullptr;
  AlertSender alerts(io, {.server = config.alert_server}, *profile, [&](const std::string& text) { log.warn(text); });
  TaskAlerts task_alerts(alerts, store, log);
  TaskExecutor runs(
      io, config, catalog, store, needs.host_binary,
      {loop.measured("task ended", [&](std::int64_t id, const TaskResult& result) { desk_of->ended(id, result); }),
       loop.measured("application id",
                     [&](std::int64_t id, const std::string& app_id) { desk_of->app_id(id, app_id); }),
       [&](std::chrono::steady_clock::duration took) { metrics.tasks.killed(took); },
       [&](std::chrono::steady_clock::duration took) { metrics.tasks.host_spawned(took); }});
  MasterLinks links(
      io, {},
      [&](const std::string& master, const wire::Frame& frame) {
        const LoopMonitor::Scope scope(loop, wire::name_of(frame.command));
        router_of->from_master(master, frame);
      },
      [&] { return router_of->encode(wire::Beat{}); }, [&](const std::string& text) { log.warn(text); });
  FolderRemover sweeper(io, [&](const std::string& problem) { log.error(problem); });
  TaskDeeds deeds({runs, store, sweeper, metrics, log,
                   [&](const std::string& master, const wire::Outgoing& message, std::function<void()> not_sent) {
                     links.send(master, router_of->encode(message), [not_sent](const std::string&) {
                       if (not_sent) not_sent();
                     });
                   },
                   [&](ReplyTo asker, const wire::Outgoing& message) {
                     if (const auto peer = listener->find(asker)) peer->send(router_of->encode(message));
                   },
                   [&](Outbox::Key key) { desk_of->not_sent(key); }});
  TaskTable table(table_settings(config, needs.address), deeds);
  TaskDesk desk({io, config, needs.places, zone, *profile, store, sweeper, table, runs, task_alerts, metrics, log});
  desk_of = &desk;

  // 5. Logs for peers, on a thread of their own. What is wrong with their requests is a peer's to repeat at will.
  RateLimitedLog complaints(log);
  LogThread logs(io, std::move(needs.log_root), profile, [&](const Error& problem) {
    if (problem.code() != ErrorCode::kNotFound) complaints.warn("log request: " + problem.to_string());
  });
  PeerAuthorizer masters(io, std::move(needs.named_masters));
  FrameRouter router({*profile, desk, logs, masters, std::move(needs.log_peers), metrics, log, complaints});
  router_of = &router;

  // 6. Membership. Only who is registered listens: what came before is known by then, so no dispatch runs twice.
  const auto listen_to_peers = [&] {
    listener->start(
        [&](const auto& connection, wire::Frame frame) {
          const LoopMonitor::Scope scope(loop, wire::name_of(frame.command));
          router.from_peer(connection, std::move(frame));
        },
        loop.measured("connection ended", [&](Connection::Ending ending, const std::string& text) {
          complaints.warn(text);
          count_ending(metrics.messages, ending);
        }));
    (void)systemd.ready();
  };
  Membership membership({config, desk, table, metrics, log, listen_to_peers,
                         [&](const std::vector<std::string>& registered) { masters.set_registered(registered); }});
  Registration registration(io, std::move(needs.registration), membership);
  membership.use(registration);

  // 7. Health and metrics.
  std::unique_ptr<HttpServer> http;
  if (!config.http.empty()) {
    PORPOISE_TRY(http,
                 HttpServer::start(
                     io, config.http,
                     {loop.measured("health", [&] { return health(desk, membership); }), loop.measured("scrape", [&] {
                        WorkerGauges now = levels(config, table, membership, *listener, links, alerts);
                        now.hung_calls = runs.hung_calls();
                        now.hung_calls["log"] = logs.hung();
                        now.hung_calls["removal"] = sweeper.hung();
                        return metrics.scrape(now);
                      })}));
  }

  // 8. The way out, then in.
  GracefulShutdown shutdown({io, config, membership, desk, table, log, [&] {
                               (void)systemd.stopping();
                               registration.close();
                               io.stop();
                             }});
  const Watchdog watchdog(io, systemd);
  log.info("porpoise " PORPOISE_VERSION " starts", {{"address", needs.address},
                                                    {"listen", config.listen},
                                                    {"zookeeper", config.zookeeper},
                                                    {"slots", config.exec_threads},
                                                    {"task_types", catalog.types().size()}});
  if (::geteuid() == 0 && config.allow_root_tenant == RootTenant::kLoopback && may_run_as_root(config))
    log.warn("tasks of the tenant root run as root, as on a loopback address; allow-root-tenant: false refuses them");
  registration.start();
  loop.run(io);
  return {};
}

int worker(const WorkerFlags& flags) {
  const auto resolved = resolve_worker_flags(flags);
  if (!resolved) return print_error(resolved.error(), kExitUsage);
  hide_secrets();
  for (const std::string& ignored : resolved->ignored) print_error("without effect: " + ignored, 0);
  const FileTrust trust = judge_files(*resolved);
  for (const std::string& exposed : trust.exposed) print_error(exposed, 0);
  if (!trust.distrusted.empty()) return print_error(trust.distrusted.front(), kExitUsage);
  const Status ended = run_worker(resolved->config);
  if (ended) return kExitOk;
  return print_error(Redactor(secrets_of(resolved->config)).apply(ended.error().to_string()), kExitEnvironment);
}

}  // namespace

void add_worker_command(CLI::App& app, int& exit_code) {
  auto* const command = app.add_subcommand("worker", "Join a DolphinScheduler 3.1 cluster and run its tasks");
  const auto flags = std::make_shared<WorkerFlags>();
  declare_worker_flags(*command, *flags);
  command->footer(kExamples);
  command->callback([flags, &exit_code] { exit_code = worker(*flags); });
}

}  // namespace porpoise
