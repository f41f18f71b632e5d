#include "cli/worker.h"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "base/clock.h"
#include "base/host_port.h"
#include "base/time_zone.h"
#include "cli/console.h"
#include "cli/plugins.h"
#include "cli/worker_flags.h"
#include "config/file_trust.h"
#include "executor/task_process.h"
#include "net/alert_sender.h"
#include "net/listener.h"
#include "net/master_links.h"
#include "observe/calm_log.h"
#include "observe/http_server.h"
#include "observe/redactor.h"
#include "observe/sd_notify.h"
#include "observe/watchdog.h"
#include "process/process_info.h"
#include "process/user.h"
#include "registry/address.h"
#include "worker/farewell.h"
#include "worker/frame_router.h"
#include "worker/membership.h"
#include "worker/task_deeds.h"
#include "worker/task_desk.h"
#include "worker/tenant.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

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

Result<std::string> own_address(const WorkerConfig& config) {
  PORPOISE_TRY(const HostPort listen, parse_host_port(config.listen));
  AddressOptions options;
  options.advertise = config.advertise_address;
  options.listen_host = listen.host;
  options.port = listen.port;
  options.kubernetes =
      !environment("KUBERNETES_SERVICE_HOST").empty() && !environment("KUBERNETES_SERVICE_PORT").empty();
  return find_address(options);
}

Result<RegistrationOptions> registration_options(const WorkerConfig& config, const Places& places,
                                                 std::string address) {
  RegistrationOptions options;
  PORPOISE_TRY(options.servers, parse_connect_string(config.zookeeper));
  options.name_space = config.zookeeper_namespace;
  options.session_timeout = config.zookeeper_session_timeout;
  options.digest = config.zookeeper_digest;
  options.address = std::move(address);
  options.session_file = places.session_file();
  options.takeover_allowed = false;  // not before Membership has ended what is not the worker's any more
  options.boot_id = boot_id();
  options.startup_time_ms = wall_ms();
  options.heartbeat_interval = config.heartbeat_interval;
  return options;
}

Status make_folder(const fs::path& folder, const char* key) {
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (!problem && ::access(folder.c_str(), W_OK) == 0) return {};
  const int reason = problem ? problem.value() : errno;
  const Error why = errno_error("cannot write to " + folder.string(), reason);
  return fail(why.code(), why.message() + "; let user " + user_name(::geteuid()) +
                              " write there, or choose another folder with the key '" + key + "'");
}

WorkerLevels levels(const WorkerConfig& config, const TaskTable& table, const Membership& membership,
                    const Listener& listener, const MasterLinks& links, const AlertSender& alerts) {
  WorkerLevels levels;
  levels.running = table.running_by_type();
  levels.waiting = table.waiting();
  levels.slots_total = static_cast<std::size_t>(config.exec_threads);
  levels.slots_used = table.running();
  levels.draining = membership.leaving();
  levels.results_unacked = table.outbox().size();
  levels.oldest_unacked = std::chrono::milliseconds(table.outbox().oldest_age_ms({wall_ms(), mono_ms()}));
  levels.registry_connected = membership.connected();
  levels.incoming_connections = listener.connections();
  levels.master_connections = links.connections();
  levels.alert_connections = alerts.connections();
  return levels;
}

HealthReport health(const TaskDesk& desk, const Membership& membership) {
  return {
      {{"registered", membership.registered(), membership.registered() ? "" : "not in ZooKeeper (yet, or any more)"},
       {"stateDirWritable", desk.storage_works(), desk.storage_works() ? "" : "accepted tasks cannot be written"},
       {"accepting", !membership.leaving(), membership.leaving() ? "draining" : ""}}};
}

Catalog find_plugins(const WorkerConfig& config, Log& log) {
  Catalog catalog = Catalog::scan(
      plugin_folders(config.plugin_dir.empty() ? std::vector<fs::path>() : std::vector<fs::path>{config.plugin_dir}));
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
  PORPOISE_CHECK(use_time_zone(config.time_zone));
  const TimeZone zone = system_time_zone();

  // 2. What a worker cannot do without. Each error here ends it, and names what to change.
  const Places places{fs::absolute(config.log_dir), fs::absolute(config.data_dir)};
  PORPOISE_CHECK(check_tenants_possible(config));
  PORPOISE_CHECK(make_folder(places.data_dir, "data-dir"));
  PORPOISE_CHECK(make_folder(places.log_dir, "log-dir"));
  const TaskStore store(places.state_root());
  PORPOISE_CHECK(store.prepare());
  PORPOISE_TRY(LogRoot log_root, LogRoot::open(places.log_dir));
  PORPOISE_TRY(const fs::path host_binary, usable_host_binary());
  PORPOISE_TRY(const std::string address, own_address(config));
  PORPOISE_TRY(RegistrationOptions registration_settings, registration_options(config, places, address));
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
  const auto profile = wire::profile_31(zone);
  TaskDesk* desk_of = nullptr;
  FrameRouter* router_of = nullptr;
  AlertSender alerts(io, {.server = config.alert_server}, *profile, [&](const std::string& text) { log.warn(text); });
  TaskAlerts task_alerts(alerts, store, log);
  TaskRuns runs(io, config, catalog, store, host_binary,
                {[&](std::int64_t id, const TaskResult& result) { desk_of->ended(id, result); },
                 [&](std::int64_t id, const std::string& app_id) { desk_of->app_id(id, app_id); },
                 [&](std::chrono::steady_clock::duration took) { metrics.tasks.killed(took); },
                 [&](std::chrono::steady_clock::duration took) { metrics.tasks.host_spawned(took); }});
  MasterLinks links(
      io, {}, [&](const std::string& master, const wire::Frame& frame) { router_of->from_master(master, frame); },
      [&] { return router_of->encode(wire::Beat{}); }, [&](const std::string& text) { log.warn(text); });
  FolderSweeper sweeper(io, [&](const std::string& problem) { log.error(problem); });
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
  TaskTable table(table_settings(config, address), deeds);
  TaskDesk desk({io, config, places, zone, *profile, store, sweeper, table, runs, task_alerts, metrics, log});
  desk_of = &desk;

  // 5. Logs for peers, on a thread of their own. What is wrong with their requests is a peer's to repeat at will.
  CalmLog complaints(log);
  LogThread logs(io, LogService(std::move(log_root), [&](const Error& problem) {
                   if (problem.code() == Code::kNotFound) return;
                   asio::post(io, [&, text = "log request: " + problem.to_string()] { complaints.warn(text); });
                 }));
  PORPOISE_TRY(AddressRanges named_masters, AddressRanges::parse(config.allow_masters));
  PORPOISE_TRY(AddressRanges log_peers, AddressRanges::parse(config.allow_log_peers));
  MasterGate masters(io, std::move(named_masters));
  FrameRouter router({*profile, desk, logs, masters, std::move(log_peers), metrics, log, complaints});
  router_of = &router;

  // 6. Membership. Only who is registered listens: what came before is known by then, so no dispatch runs twice.
  const auto listen_to_peers = [&] {
    listener->start([&](const auto& connection, wire::Frame frame) { router.from_peer(connection, std::move(frame)); },
                    [&](Connection::Ending ending, const std::string& text) {
                      complaints.warn(text);
                      count_ending(metrics.messages, ending);
                    });
    (void)systemd.ready();
  };
  Membership membership({config, desk, table, metrics, log, listen_to_peers,
                         [&](const std::vector<std::string>& registered) { masters.set_registered(registered); }});
  Registration registration(io, std::move(registration_settings), membership);
  membership.use(registration);

  // 7. Health and metrics.
  std::unique_ptr<HttpServer> http;
  if (!config.http.empty()) {
    PORPOISE_TRY(http,
                 HttpServer::start(
                     io, config.http,
                     {[&] { return health(desk, membership); },
                      [&] { return metrics.scrape(levels(config, table, membership, *listener, links, alerts)); }}));
  }

  // 8. The way out, then in.
  Farewell farewell({io, config, membership, desk, table, log, [&] {
                       (void)systemd.stopping();
                       registration.close();
                       io.stop();
                     }});
  const Watchdog watchdog(io, systemd);
  log.info("porpoise " PORPOISE_VERSION " starts", {{"address", address},
                                                    {"listen", config.listen},
                                                    {"zookeeper", config.zookeeper},
                                                    {"slots", config.exec_threads},
                                                    {"task_types", catalog.types().size()}});
  registration.start();
  io.run();
  return {};
}

int worker(const WorkerFlags& flags) {
  const auto resolved = resolve_worker_flags(flags);
  if (!resolved) return complain(resolved.error(), kExitUsage);
  hide_secrets();
  for (const std::string& ignored : resolved->ignored) complain("without effect: " + ignored, 0);
  const FileTrust trust = judge_files(*resolved);
  for (const std::string& exposed : trust.exposed) complain(exposed, 0);
  if (!trust.distrusted.empty()) return complain(trust.distrusted.front(), kExitUsage);
  const Status ended = run_worker(resolved->config);
  if (ended) return kExitOk;
  return complain(Redactor(secrets_of(resolved->config)).apply(ended.error().to_string()), kExitEnvironment);
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
