#include "config/worker_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

#include "base/file.h"
#include "config/settings_table.h"
#include "support/temp_folder.h"

namespace porpoise {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const std::filesystem::path kDsConf = std::filesystem::path(PORPOISE_TESTS) / "golden/ds-conf";

// porpoise.yaml with `keys` below `worker`.
SettingsSources with_yaml(const std::string& yaml) {
  SettingsSources sources;
  auto config = parse_config(yaml);
  EXPECT_TRUE(config) << config.error().to_string();
  if (config) sources.porpoise_yaml = *config;
  sources.porpoise_yaml.file = "porpoise.yaml";
  return sources;
}

SettingsSources with_environment(Variables variables) {
  SettingsSources sources;
  sources.environment = std::move(variables);
  return sources;
}

SettingsSources with_properties(std::string text) {
  SettingsSources sources;
  sources.ds_conf = "/ds";
  sources.common_properties = ConfigText{"common.properties", std::move(text)};
  return sources;
}

SettingsSources with_application(std::string text, Variables variables = {}) {
  SettingsSources sources = with_environment(std::move(variables));
  sources.application_yaml = ConfigText{"application.yaml", std::move(text)};
  return sources;
}

ResolvedSettings resolve(const SettingsSources& sources) {
  auto resolved = resolve_settings(sources);
  EXPECT_TRUE(resolved) << resolved.error().to_string();
  return resolved ? *resolved : ResolvedSettings{};
}

std::string problem_of(const SettingsSources& sources) {
  const auto resolved = resolve_settings(sources);
  return resolved ? "no problem" : resolved.error().to_string();
}

// "value < origin" of one key.
std::string shown(const ResolvedSettings& resolved, const std::string& key) {
  for (const ResolvedSetting& setting : resolved.settings)
    if (setting.key == key) return setting.value + " < " + setting.origin;
  return "no such key";
}

TEST(SettingsTable, EveryKeyHasItsOwnNameFlagAndVariable) {
  std::set<std::string> names;
  for (const Setting& setting : worker_settings()) {
    EXPECT_TRUE(names.insert(variable_of(setting)).second) << setting.name;
    EXPECT_FALSE(setting.help.empty()) << setting.name;
    EXPECT_EQ(find_setting(setting.name), &setting);
  }
  EXPECT_EQ(variable_of(*find_setting("resources.access-key")), "PORPOISE_RESOURCES_ACCESS_KEY");
  EXPECT_EQ(flag_of(*find_setting("resources.access-key")), "--resources-access-key");
  EXPECT_THAT(ds_variables_of("worker.exec-threads"), ElementsAre("WORKER_EXEC_THREADS", "WORKER_EXECTHREADS"));
}

TEST(SettingsTable, EveryDefaultIsAcceptedAndStaysWhatItIs) {
  WorkerConfig config;
  for (const Setting& setting : worker_settings()) {
    const std::string before = setting.value.format(config);
    if (before.empty()) continue;
    EXPECT_TRUE(setting.value.parse(before, config)) << setting.name << " " << before;
    EXPECT_EQ(setting.value.format(config), before);
  }
}

TEST(WorkerSettings, WithoutAnySourceAreTheDefaults) {
  const ResolvedSettings resolved = resolve({});
  EXPECT_EQ(resolved.settings.size(), worker_settings().size() + 1);  // and plugins
  for (const ResolvedSetting& setting : resolved.settings) EXPECT_EQ(setting.origin, "default") << setting.key;
  EXPECT_EQ(resolved.config.listen, WorkerConfig().listen);
  EXPECT_THAT(resolved.ignored, IsEmpty());
}

TEST(WorkerSettings, EachSourceBeatsTheOnesBelowIt) {
  SettingsSources sources;
  EXPECT_EQ(shown(resolve(sources), "exec-threads"), "100 < default");
  sources.application_yaml = ConfigText{"conf/application.yaml", "worker:\n  exec-threads: 11\n"};
  EXPECT_EQ(shown(resolve(sources), "exec-threads"), "11 < conf/application.yaml line 2");
  sources.env_script = EnvScript{"conf/dolphinscheduler_env.sh",
                                 {{"WORKER_EXEC_THREADS", "12", "conf/dolphinscheduler_env.sh line 2"}},
                                 {},
                                 {},
                                 ""};
  EXPECT_EQ(shown(resolve(sources), "exec-threads"), "12 < conf/dolphinscheduler_env.sh line 2");
  sources.porpoise_yaml = with_yaml("worker:\n  exec-threads: 13\n").porpoise_yaml;
  EXPECT_EQ(shown(resolve(sources), "exec-threads"), "13 < porpoise.yaml line 2");
  sources.environment["WORKER_EXEC_THREADS"] = "14";
  EXPECT_EQ(shown(resolve(sources), "exec-threads"), "14 < environment WORKER_EXEC_THREADS");
  sources.environment["PORPOISE_EXEC_THREADS"] = "15";
  EXPECT_EQ(shown(resolve(sources), "exec-threads"), "15 < environment PORPOISE_EXEC_THREADS");
  sources.flags = {{"exec-threads", "16"}};
  const ResolvedSettings resolved = resolve(sources);
  EXPECT_EQ(shown(resolved, "exec-threads"), "16 < flag --exec-threads");
  EXPECT_EQ(resolved.config.exec_threads, 16);
}

TEST(WorkerSettings, PorpoiseYamlHasAllKeysAndThePlugins) {
  const ResolvedSettings resolved =
      resolve(with_yaml("plugins:\n"
                        "  OPENMLDB: {password: p1}\n"
                        "worker:\n"
                        "  zookeeper: zk1\n"
                        "  http: none\n"
                        "  kill-grace: 600ms\n"
                        "  sudo: no\n"
                        "  advertise-address:\n"
                        "  resources: {type: s3, bucket: b, access-key: a, secret-key: s}\n"));
  EXPECT_EQ(resolved.config.zookeeper, "zk1:2181");
  EXPECT_EQ(resolved.config.http, "");
  EXPECT_EQ(resolved.config.kill_grace, std::chrono::milliseconds(600));
  EXPECT_FALSE(resolved.config.sudo);
  EXPECT_EQ(resolved.config.resources.type, StorageType::kS3);
  EXPECT_EQ(resolved.config.resources.secret_key, "s");
  EXPECT_EQ(resolved.config.plugins["OPENMLDB"]["password"], "p1");
  EXPECT_EQ(shown(resolved, "plugins"), "OPENMLDB < porpoise.yaml line 1");
  EXPECT_EQ(shown(resolved, "resources.bucket"), "b < porpoise.yaml line 9");
  EXPECT_EQ(shown(resolved, "advertise-address"), " < default");
}

TEST(WorkerSettings, SecretsAreMasked) {
  SettingsSources sources = with_yaml(
      "worker:\n  zookeeper-digest: u:zk-secret\n  resources: {type: s3, bucket: b, access-key: a, secret-key: s3s}\n");
  const ResolvedSettings resolved = resolve(sources);
  EXPECT_EQ(shown(resolved, "zookeeper-digest"), "**** < porpoise.yaml line 2");
  EXPECT_EQ(shown(resolved, "resources.secret-key"), "**** < porpoise.yaml line 3");
  EXPECT_EQ(resolved.config.zookeeper_digest, "u:zk-secret");
  EXPECT_EQ(problem_of(with_environment({{"PORPOISE_ZOOKEEPER_DIGEST", "no-colon"}})),
            "environment PORPOISE_ZOOKEEPER_DIGEST: zookeeper-digest '****' is not USER:PASSWORD");
}

TEST(WorkerSettings, ATenantMapIsTenantsWithOrWithoutAUser) {
  for (const char* const map : {"", "etl", "etl=app_etl,bi", "*", "Team/A=x,*"})
    EXPECT_EQ(resolve(with_environment({{"PORPOISE_TENANT_MAP", map}})).config.tenant_map, map);
  for (const char* const map : {"etl=", "=x", "etl=-r", "etl=a,etl=b", "*=x", "a b", "etl,", "etl=x=y"})
    EXPECT_EQ(problem_of(with_environment({{"PORPOISE_TENANT_MAP", map}})),
              std::string("environment PORPOISE_TENANT_MAP: tenant-map '") + map +
                  "' is not TENANT or TENANT=USER, several with commas, and perhaps * for the others");
}

TEST(WorkerSettings, AnUnknownKeyIsAnErrorWithItsPlaceAndTheNearestName) {
  EXPECT_EQ(problem_of(with_yaml("worker:\n  zookeeper: zk1\n  exec-thread: 5\n")),
            "porpoise.yaml line 3: unknown key 'exec-thread' (did you mean 'exec-threads'?)");
  EXPECT_EQ(problem_of(with_yaml("worker:\n  resources:\n    typ: s3\n")),
            "porpoise.yaml line 3: unknown key 'resources.typ' (did you mean 'resources.type'?)");
  EXPECT_EQ(problem_of(with_yaml("worker: {resources: s3}\n")),
            "porpoise.yaml line 1: 'resources' must be a mapping of its keys");
  EXPECT_EQ(problem_of(with_yaml("worker: {zookeeper: [a, b]}\n")),
            "porpoise.yaml line 1: 'zookeeper' is one value, not a list");
  EXPECT_EQ(problem_of(with_environment({{"PORPOISE_ZOKEEPER", "zk1"}})),
            "environment PORPOISE_ZOKEEPER: no such key (did you mean 'PORPOISE_ZOOKEEPER'?)");
  EXPECT_EQ(problem_of(with_environment({{"PORPOISE_PYTHON", "python3"}, {"PORPOISE_CONFIG", "x"}})), "no problem");
}

TEST(WorkerSettings, AllMistakesAreToldAtOnce) {
  SettingsSources sources = with_yaml("worker:\n  exec-thread: 5\n  kill-grace: soon\n");
  sources.environment = {{"PORPOISE_ZOKEEPER", "zk1"}};
  sources.flags = {{"http", "bad"}};
  EXPECT_THAT(
      problem_of(sources),
      AllOf(StartsWith("4 mistakes in the configuration:\n  porpoise.yaml line 2: unknown key 'exec-thread'"),
            HasSubstr("\n  porpoise.yaml line 3: kill-grace 'soon' is not "),
            HasSubstr("\n  environment PORPOISE_ZOKEEPER: no such key"), HasSubstr("\n  flag --http: http 'bad'")));
}

TEST(WorkerSettings, ABadValueNamesOriginKeyAndWhatIsAccepted) {
  EXPECT_EQ(problem_of(with_yaml("worker:\n  exec-threads: many\n")),
            "porpoise.yaml line 2: exec-threads 'many' is not a whole number from 1 to 10000");
  EXPECT_EQ(problem_of(with_environment({{"WORKER_LISTEN_PORT", "high"}})),
            "environment WORKER_LISTEN_PORT: listen 'high' is not a port");
  EXPECT_EQ(
      problem_of(with_application("worker:\n  heartbeat-interval: soon\n")),
      "application.yaml line 2: worker.heartbeat-interval 'soon' is not a duration from 1s to 1h, such as 10s, 600ms "
      "or 2m (a bare number is milliseconds)");
  SettingsSources flags;
  flags.flags = {{"advertise-address", "::1:1234"}};
  EXPECT_THAT(problem_of(flags), StartsWith("flag --advertise-address: advertise-address '::1:1234' is not HOST:PORT"));
  EXPECT_LT(problem_of(with_yaml("worker: {listen: " + std::string(5000, 'x') + "}\n")).size(), 400U);
}

TEST(WorkerSettings, VariablesThatKubernetesMakesOfServicesAreNotMeant) {
  const ResolvedSettings resolved = resolve(with_environment({{"PORPOISE_PORT", "tcp://10.0.0.1:1234"},
                                                              {"PORPOISE_WORKER_SERVICE_HOST", "10.0.0.1"},
                                                              {"PORPOISE_PORT_1234_TCP_ADDR", "10.0.0.1"},
                                                              {"SERVER_PORT", "tcp://10.0.0.2:80"}}));
  EXPECT_EQ(resolved.ignored.size(), 3U);
  EXPECT_EQ(shown(resolved, "http"), "127.0.0.1:1235 < default");
}

TEST(WorkerSettings, EmptyVariablesCountAsUnset) {
  const ResolvedSettings resolved =
      resolve(with_environment({{"PORPOISE_EXEC_THREADS", ""}, {"WORKER_HOST_WEIGHT", ""}}));
  EXPECT_EQ(shown(resolved, "exec-threads"), "100 < default");
}

TEST(WorkerSettings, PortsAndHostsOfTheStockWorkerMeetInOneAddress) {
  const ResolvedSettings alone = resolve(with_environment({{"SERVER_PORT", "8080"}, {"WORKER_LISTEN_PORT", "2234"}}));
  EXPECT_EQ(alone.config.http, "0.0.0.0:8080");  // where Spring binds
  EXPECT_EQ(alone.config.listen, "0.0.0.0:2234");
  const ResolvedSettings both = resolve(with_application("server: {port: 8080, address: 10.0.0.5}\n"));
  EXPECT_EQ(both.config.http, "10.0.0.5:8080");
  SettingsSources kept = with_yaml("worker: {http: \"10.0.0.5:1235\"}\n");
  kept.environment = {{"SERVER_PORT", "8080"}};
  EXPECT_EQ(resolve(kept).config.http, "10.0.0.5:8080");
  EXPECT_EQ(resolve(with_environment({{"WORKER_ALERT_LISTEN_HOST", "alert1"}})).config.alert_server, "alert1:50052");
}

TEST(WorkerSettings, AStorageTypeNeedsItsKeys) {
  EXPECT_EQ(problem_of(with_yaml("worker:\n  resources: {type: file}\n")),
            "porpoise.yaml line 2: resources.type file needs a URL such as file:///mnt/shared in resources.url");
  EXPECT_THAT(problem_of(with_yaml("worker: {resources: {type: s3}}\n")), EndsWith("needs a name in resources.bucket"));
  EXPECT_THAT(problem_of(with_yaml("worker: {resources: {type: s3, bucket: b, access-key: a}}\n")),
              EndsWith("needs the other half in resources.secret-key"));
  EXPECT_THAT(problem_of(with_yaml("worker: {resources: {type: webhdfs, url: 'file:///x'}}\n")),
              EndsWith("needs a URL such as http://namenode:9870 in resources.url"));
}

// Stock files.

TEST(DsConf, EveryStockKeyIsTakenOrListedOnce) {
  const auto sources = read_settings_sources("/dev/null", kDsConf, {}, {});
  ASSERT_TRUE(sources) << sources.error().to_string();
  const ResolvedSettings resolved = resolve(*sources);
  const WorkerConfig& config = resolved.config;
  EXPECT_EQ(config.zookeeper, "zk1:2181,zk2:2181");
  EXPECT_EQ(config.zookeeper_namespace, "ds-prod");
  EXPECT_EQ(config.zookeeper_session_timeout, std::chrono::seconds(40));
  EXPECT_EQ(config.zookeeper_digest, "ds:zk-secret");
  EXPECT_EQ(config.listen, "0.0.0.0:2234");
  EXPECT_EQ(config.http, "0.0.0.0:2235");
  EXPECT_EQ(config.alert_server, "alert1:50055");
  EXPECT_EQ(config.exec_threads, 64);
  EXPECT_EQ(config.full_policy, FullPolicy::kContinue);
  EXPECT_EQ(config.host_weight, 80);  // the env script's
  EXPECT_EQ(config.heartbeat_interval, std::chrono::seconds(8));
  EXPECT_NE(config.reserved_memory, 0.5) << "a tenth of this machine's, as the env script says";
  EXPECT_TRUE(config.tenant_auto_create);
  EXPECT_EQ(config.data_dir, "/data/dolphinscheduler");
  EXPECT_EQ(config.env_file, kDsConf / "dolphinscheduler_env.sh");
  EXPECT_EQ(config.time_zone, "Asia/Shanghai");
  EXPECT_FALSE(config.sudo);
  EXPECT_TRUE(config.keep_work_dirs);
  EXPECT_EQ(config.resources.type, StorageType::kS3);
  EXPECT_EQ(config.resources.base_path, "/ds");
  EXPECT_EQ(config.resources.url, "http://minio:9000");
  EXPECT_EQ(config.resources.bucket, "ds-bucket");
  EXPECT_EQ(config.resources.region, "cn-north-1");
  EXPECT_EQ(config.resources.secret_key, "s3-secret");
  EXPECT_EQ(config.resources.user, "");

  const std::string yaml = (kDsConf / "application.yaml").string();
  const std::string properties = (kDsConf / "common.properties").string();
  EXPECT_THAT(resolved.ignored, Contains(yaml + " line 9: spring.datasource.url: porpoise needs no database"));
  EXPECT_THAT(resolved.ignored,
              Contains(StartsWith(yaml + " line 42: worker.registry-disconnect-strategy.strategy: no equivalent")));
  EXPECT_THAT(resolved.ignored, Contains(StartsWith(yaml + " line 65: a document of profile 'mysql'")));
  EXPECT_THAT(resolved.ignored,
              Contains(properties + " line 13: resource.hdfs.fs.defaultFS: resource.storage.type is not HDFS"));
  EXPECT_THAT(resolved.ignored,
              Contains(properties +
                       " line 30: task.resource.limit.state: limits of a task's CPU and memory are not supported"));
  EXPECT_THAT(resolved.ignored, Contains(HasSubstr("MASTER_FETCH_COMMAND_NUM: of another server")));
  EXPECT_THAT(resolved.ignored, Not(Contains(HasSubstr("PYTHON_HOME"))));  // of tasks: the file is sourced for them
  for (const std::string& line : resolved.ignored) EXPECT_THAT(line, Not(HasSubstr("secret"))) << "a value";
  const std::set<std::string> once(resolved.ignored.begin(), resolved.ignored.end());
  EXPECT_EQ(once.size(), resolved.ignored.size());
}

TEST(DsConf, PlaceholdersComeFromTheEnvironmentAndTheEnvScript) {
  const std::string yaml = "registry: {zookeeper: {connect-string: \"${ZK:localhost}:${ZK_PORT}\"}}\n";
  SettingsSources sources = with_application(yaml, {{"ZK", "zk9"}});
  EXPECT_EQ(problem_of(sources),
            "application.yaml line 1: registry.zookeeper.connect-string: placeholder ${ZK_PORT} has no value");
  sources.env_script =
      EnvScript{"env.sh", {{"ZK_PORT", "2182", "env.sh line 1"}, {"ZK", "other", "env.sh line 2"}}, {}, {}, ""};
  EXPECT_EQ(resolve(sources).config.zookeeper, "zk9:2182");
}

TEST(DsConf, KeysAreTakenInEverySpellingThatSpringTakes) {
  EXPECT_EQ(resolve(with_application("worker.execThreads: 5\n")).config.exec_threads, 5);
  EXPECT_EQ(resolve(with_application("worker: {exec_threads: 6}\n")).config.exec_threads, 6);
  EXPECT_EQ(resolve(with_environment({{"WORKER_EXECTHREADS", "7"}})).config.exec_threads, 7);
}

TEST(DsConf, UnknownStockKeysAreListedWithTheNearestName) {
  EXPECT_THAT(resolve(with_application("worker:\n  exec-thread: 5\n")).ignored,
              ElementsAre("application.yaml line 2: worker.exec-thread: not a key that porpoise knows (did you mean "
                          "'worker.exec-threads'?)"));
  EXPECT_THAT(resolve(with_environment({{"WORKER_EXEC_THREAD", "5"}, {"API_KEY", "x"}})).ignored,
              ElementsAre("environment WORKER_EXEC_THREAD: not a key that porpoise knows (did you "
                          "mean 'WORKER_EXEC_THREADS'?)"));
}

TEST(DsConf, EveryKeyOfAPropertiesFileIsTakenOrListed) {
  EXPECT_THAT(resolve(with_properties("sudo.enabled=true\ndata.basedir.path=\n")).ignored,
              ElementsAre("common.properties line 1: sudo.enabled: not a key that porpoise knows (did you mean "
                          "'sudo.enable'?)"));
}

TEST(DsConf, AnotherRegistryThanZooKeeperIsAnError) {
  EXPECT_EQ(problem_of(with_environment({{"REGISTRY_TYPE", "etcd"}})),
            "environment REGISTRY_TYPE: REGISTRY_TYPE 'etcd' is not supported; porpoise registers in zookeeper only");
  EXPECT_THAT(problem_of(with_application("registry: {type: mysql}\n")), HasSubstr("registry.type 'mysql'"));
}

ResourceConfig hdfs_at(const std::string& url) {
  return resolve(with_properties("resource.storage.type=hdfs\nresource.hdfs.fs.defaultFS=" + url +
                                 "\nresource.hdfs.root.user=ds\n"))
      .config.resources;
}

TEST(DsConf, HdfsBecomesAFolderOrWebHdfs) {
  EXPECT_EQ(hdfs_at("file:///mnt/nfs").type, StorageType::kFile);
  EXPECT_EQ(hdfs_at("file:///mnt/nfs").url, "file:///mnt/nfs");
  EXPECT_EQ(hdfs_at("webhdfs://nn:9871").url, "http://nn:9871");
  EXPECT_EQ(hdfs_at("swebhdfs://nn:9871").url, "https://nn:9871");
  EXPECT_EQ(hdfs_at("https://gateway/webhdfs").url, "https://gateway/webhdfs");
  const ResourceConfig guessed = hdfs_at("hdfs://nn:8020");
  EXPECT_EQ(guessed.type, StorageType::kWebHdfs);
  EXPECT_EQ(guessed.url, "http://nn:9870");
  EXPECT_EQ(guessed.user, "ds");
  EXPECT_THAT(
      resolve(with_properties("resource.storage.type=HDFS\nresource.hdfs.fs.defaultFS=hdfs://nn:8020\n")).ignored,
      ElementsAre(HasSubstr("taken to be at http://nn:9870, set resources.url if it is elsewhere")));
}

TEST(DsConf, StorageThatIsNotSupportedIsSaid) {
  const ResolvedSettings oss = resolve(with_properties("resource.storage.type=OSS\n"));
  EXPECT_EQ(oss.config.resources.type, StorageType::kNone);
  EXPECT_THAT(oss.ignored,
              ElementsAre("common.properties line 1: resource.storage.type: OSS is not supported; tasks that "
                          "need files of the resource centre will fail"));
  EXPECT_EQ(hdfs_at("s3a://bucket").type, StorageType::kNone);
}

TEST(DsConf, AnEndpointWithoutASchemeIsHttps) {
  const SettingsSources sources = with_properties(
      "resource.storage.type=S3\nresource.aws.s3.bucket.name=b\nresource.aws.s3.endpoint=s3.cn-north-1.amazonaws."
      "com\n");
  EXPECT_EQ(resolve(sources).config.resources.url, "https://s3.cn-north-1.amazonaws.com");
}

TEST(DsConf, TheEnvFileIsRelativeToTheFolder) {
  SettingsSources sources = with_properties("dolphinscheduler.env.path=env/other.sh\n");
  EXPECT_EQ(resolve(sources).config.env_file, "/ds/env/other.sh");
  sources.common_properties->text = "dolphinscheduler.env.path=/opt/env.sh\n";
  EXPECT_EQ(resolve(sources).config.env_file, "/opt/env.sh");
}

TEST(DsConf, HostileFilesAreRefusedInsteadOfFillingTheMemory) {
  std::string aliases = "a: &a " + std::string(400000, 'x') + "\n";
  for (int i = 0; i < 1000; ++i) aliases += "b" + std::to_string(i) + ": *a\n";
  EXPECT_THAT(problem_of(with_application(aliases)), HasSubstr("aliases make more text"));
  EXPECT_THAT(problem_of(with_application("a: {" + std::string(300, 'k') + ": 1}\n")), HasSubstr("a key longer than"));
  EXPECT_THAT(problem_of(with_application("a: &a {b: *a}\n")), HasSubstr("nested deeper than 32 levels"));
  EXPECT_THAT(problem_of(with_application("a: [\n")), StartsWith("application.yaml: line "));
}

TEST(SettingsSources, AFolderWithoutAnyStockFileIsAnError) {
  const auto sources = read_settings_sources("/dev/null", std::filesystem::path(PORPOISE_TESTS) / "golden", {}, {});
  ASSERT_FALSE(sources);
  EXPECT_THAT(sources.error().to_string(),
              StartsWith("no application.yaml, common.properties or dolphinscheduler_env.sh"));
}

TEST(SettingsSources, VariablesNameTheFilesWhenNoFlagDoes) {
  const support::TempFolder made("settings");
  const std::string folder = made.path();
  ASSERT_TRUE(write_file(folder + "/p.yaml", "worker: {exec-threads: 9}\n", 0644, Durability::kAtomic));
  const auto sources = read_settings_sources(
      "", "", {{"PORPOISE_CONFIG", folder + "/p.yaml"}, {"PORPOISE_DS_CONF", kDsConf.string()}}, {});
  ASSERT_TRUE(sources) << sources.error().to_string();
  const ResolvedSettings resolved = resolve(*sources);
  EXPECT_EQ(shown(resolved, "exec-threads"), "9 < " + folder + "/p.yaml line 1");
  EXPECT_EQ(resolved.config.host_weight, 80);
}

TEST(ChangesBetween, NameKeysThatDifferAndWhetherARunningWorkerTakesThemOver) {
  const auto before = resolve(with_yaml("worker:\n  log-level: info\n  zookeeper-digest: a:old\n"));
  EXPECT_THAT(changes_between(before, before), IsEmpty());
  const auto after =
      resolve(with_yaml("worker:\n  log-level: debug\n  zookeeper-digest: a:new\n  exec-threads: 7\n"
                        "plugins:\n  SHELL: {a: 1}\n"));
  std::vector<std::string> seen;
  for (const SettingChange& change : changes_between(before, after))
    seen.push_back(change.key + ": " + change.before + " -> " + change.after + (change.at_run_time ? ", now" : ""));
  EXPECT_THAT(seen, ::testing::UnorderedElementsAre("zookeeper-digest: **** -> ****", "exec-threads: 100 -> 7",
                                                    "log-level: info -> debug, now", "plugins: **** -> ****"));
}

}  // namespace
}  // namespace porpoise
