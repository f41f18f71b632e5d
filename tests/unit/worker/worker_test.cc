#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "model/host_protocol.h"
#include "process/user.h"
#include "store/task_store.h"
#include "taskdir/liveness.h"
#include "worker/task_request.h"
#include "worker/tenant.h"

namespace porpoise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

wire::TaskContext context() {
  wire::TaskContext context;
  context.task_instance_id = 34;
  context.task_type = "SHELL";
  context.first_submit_time_ms = 1681970000000;  // 2023-04-20 05:53:20 UTC
  context.process_define_code = 9099679207488;
  context.process_define_version = 4;
  context.process_instance_id = 12;
  context.project_code = 7;
  context.tenant_code = "root";
  return context;
}

TEST(WorkerPaths, AreThoseOfTheJavaWorker) {
  const TaskPaths places = WorkerPaths{"/logs", "/data"}.tasks();
  EXPECT_EQ(places.log_path(context(), utc(), 0), "/logs/20230420/9099679207488_4-12-34.log");
  EXPECT_EQ(places.execute_path(context()), "/data/exec/process/root/7/9099679207488_4/12/34");
}

TEST(WorkerPaths, ATaskWithoutASubmitTimeIsLoggedUnderToday) {
  wire::TaskContext late = context();
  late.first_submit_time_ms = 0;
  EXPECT_EQ(WorkerPaths({"/logs", "/data"}).tasks().log_path(late, utc(), 86400000),
            "/logs/19700102/9099679207488_4-12-34.log");
}

class Store : public testing::Test {
 protected:
  Store() {
    char name[] = "/tmp/porpoise-test-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~Store() override { std::filesystem::remove_all(folder_); }
  std::vector<TaskStore::Found> scan() {
    TaskStore::Scan scan = store().scan();
    problems_ = std::move(scan.problems);
    for (const auto& leftover : scan.leftovers) std::filesystem::remove_all(leftover);
    return std::move(scan.tasks);
  }
  Status keep(std::int64_t id, const std::string& body) const {
    const auto kept = store().keep(id, body, {"10.0.0.1:5678", 12, "/logs/34.log", "/data/34"});
    return kept ? Status() : Status(fail(kept.error()));
  }
  // As after a power cut, or a bad sector.
  void tear(std::int64_t id, const char* file) const {
    ASSERT_TRUE(write_file(store().folder(id) / file, "{\"v\":1,\"sta", 0600, Durability::kAtomic));
  }
  TaskStore store() const { return TaskStore(folder_ / "tasks"); }

  std::filesystem::path folder_;
  std::vector<std::string> problems_;
};

TEST_F(Store, KeepsATaskUntilItIsForgotten) {
  ASSERT_TRUE(store().prepare());
  ASSERT_TRUE(keep(34, "the dispatch"));
  ASSERT_TRUE(store().keep_contact(34, {"10.0.0.2:5678", 12, "/logs/34.log", "/data/34"}));
  auto found = scan();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].task_instance_id, 34);
  EXPECT_EQ(found[0].dispatch_body, "the dispatch");
  ASSERT_TRUE(found[0].contact);
  EXPECT_EQ(found[0].contact->master, "10.0.0.2:5678");
  EXPECT_EQ(found[0].contact->process_instance_id, 12);
  EXPECT_EQ(found[0].contact->log_path, "/logs/34.log");
  EXPECT_EQ(found[0].contact->execute_path, "/data/34");
  EXPECT_THAT(found[0].damage, IsEmpty());
  EXPECT_FALSE(found[0].request);
  EXPECT_FALSE(found[0].result);
  TaskResult result;
  result.task_instance_id = 34;
  result.state = TaskState::kSuccess;
  ASSERT_TRUE(store().keep_result(result));
  EXPECT_EQ(scan()[0].result->state, TaskState::kSuccess);
  const auto gone = store().forget(34);
  ASSERT_TRUE(gone);
  EXPECT_TRUE(std::filesystem::exists(*gone / kResultFile)) << "for somebody to remove";
  EXPECT_THAT(scan(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(*gone)) << "it is a leftover for a worker that starts";
  EXPECT_EQ(store().forget(34), std::filesystem::path()) << "twice is fine";
}

TEST_F(Store, ForgetsATaskThatCameAgainBeforeItsFolderWasRemoved) {
  ASSERT_TRUE(store().prepare());
  for (int time = 0; time < 2; ++time) {
    ASSERT_TRUE(keep(34, "the dispatch"));
    EXPECT_TRUE(store().forget(34));
  }
  EXPECT_THAT(scan(), IsEmpty());
}

TEST_F(Store, KnowsWhenATaskWasStarted) {
  ASSERT_TRUE(store().prepare());
  ASSERT_TRUE(keep(34, "the dispatch"));
  EXPECT_EQ(scan()[0].start_time_ms, 0);
  const std::int64_t before = wall_ms() - 1000;  // the clock of files is coarser
  ASSERT_TRUE(
      write_file(store().folder(34) / kRequestFile, dump_json(to_json(TaskRequest())), 0600, Durability::kAtomic));
  EXPECT_GE(scan()[0].start_time_ms, before);
  EXPECT_LE(scan()[0].start_time_ms, wall_ms());
}

TEST_F(Store, KnowsWhetherAHostHasBegun) {
  ASSERT_TRUE(store().prepare());
  ASSERT_TRUE(keep(34, "the dispatch"));
  ASSERT_TRUE(
      write_file(store().folder(34) / kRequestFile, dump_json(to_json(TaskRequest())), 0600, Durability::kAtomic));
  EXPECT_FALSE(scan()[0].host_began);
  {
    const auto lock = lock_host(store().folder(34));
    ASSERT_TRUE(lock);
    EXPECT_TRUE(scan()[0].host_began) << "it lives, and will say who it is";
  }
  EXPECT_FALSE(scan()[0].host_began) << "nothing of it ever ran";
  ASSERT_TRUE(write_file(store().folder(34) / kHostFile, "{}", 0600, Durability::kAtomic));
  EXPECT_TRUE(scan()[0].host_began);
}

TEST_F(Store, RemembersWhatNobodyIsToldOf) {
  ASSERT_TRUE(store().prepare());
  ASSERT_TRUE(keep(34, "the dispatch"));
  EXPECT_FALSE(scan()[0].abandoned);
  ASSERT_TRUE(store().abandon(34));
  EXPECT_TRUE(scan()[0].abandoned);
}

TEST_F(Store, PutsAsideWhatIsNoFolderOfATaskAndGoesOn) {
  ASSERT_TRUE(store().prepare());
  ASSERT_TRUE(keep(2, "two"));
  ASSERT_TRUE(write_file(folder_ / "tasks" / "1", "a file", 0600, Durability::kAtomic));
  std::filesystem::create_symlink("/etc", folder_ / "tasks" / "3");
  EXPECT_THAT(scan(), SizeIs(1));
  EXPECT_THAT(problems_, testing::UnorderedElementsAre(HasSubstr("1.broken"), HasSubstr("3.broken")));
  EXPECT_THAT(scan(), SizeIs(1));
  EXPECT_THAT(problems_, IsEmpty());
}

// Its folder was put aside, with all that could be read of it: a running task was an orphan, and no master heard more.
TEST_F(Store, ReportsWhatCanBeReadWhicheverFileIsTorn) {
  ASSERT_TRUE(store().prepare());
  for (const char* const torn : {"dispatch.json", "master", kRequestFile, kResultFile}) {
    (void)store().forget(1);
    ASSERT_TRUE(keep(1, "one"));
    TaskRequest request;
    request.task_type = "SHELL";
    TaskResult result;
    result.state = TaskState::kSuccess;
    result.task_instance_id = 1;
    ASSERT_TRUE(write_file(store().folder(1) / kRequestFile, dump_json(to_json(request)), 0600, Durability::kAtomic));
    ASSERT_TRUE(write_file(store().folder(1) / kHostFile, "{}", 0600, Durability::kAtomic));
    ASSERT_TRUE(store().keep_result(result));
    const std::string name = torn;
    if (name == "dispatch.json")
      std::filesystem::remove(store().folder(1) / torn);
    else
      tear(1, torn);
    const auto found = scan();
    ASSERT_THAT(found, SizeIs(1)) << torn;
    EXPECT_THAT(problems_, IsEmpty());
    EXPECT_THAT(found[0].damage, ElementsAre(HasSubstr(torn)));
    EXPECT_EQ(found[0].dispatch_body.has_value(), name != "dispatch.json");
    EXPECT_EQ(found[0].contact.has_value(), name != "master");
    EXPECT_EQ(found[0].request.has_value(), name != kRequestFile);
    EXPECT_EQ(found[0].result.has_value(), name != kResultFile);
    EXPECT_EQ(found[0].result_damaged, name == kResultFile);
    EXPECT_TRUE(found[0].requested && found[0].host_began);
  }
}

TEST_F(Store, PutsOnlyTheResultAsideOfATaskThatHasRun) {
  ASSERT_TRUE(store().prepare());
  ASSERT_TRUE(keep(1, "one"));
  tear(1, kResultFile);
  const auto found = scan();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_FALSE(found[0].result);
  EXPECT_TRUE(found[0].result_damaged);
  EXPECT_THAT(found[0].damage, ElementsAre(HasSubstr(kResultFile)));
  EXPECT_TRUE(std::filesystem::exists(store().folder(1) / "result.json.broken"));
}

TEST_F(Store, ReadsTheContactOfAnEarlierWorker) {
  ASSERT_TRUE(store().prepare());
  ASSERT_TRUE(keep(1, "one"));
  ASSERT_TRUE(write_file(store().folder(1) / "master", "10.0.0.3:5678", 0600, Durability::kAtomic));
  const auto found = scan();
  ASSERT_TRUE(found.at(0).contact);
  EXPECT_EQ(found[0].contact->master, "10.0.0.3:5678");
}

// A dispatch was written over the files of a living host, which then had a second one beside it.
TEST_F(Store, KnowsWhereAHostWorksAndStartsAfreshWhereNoneDoes) {
  ASSERT_TRUE(store().prepare());
  EXPECT_FALSE(store().occupied(1));
  EXPECT_FALSE(store().find(1));
  ASSERT_TRUE(keep(1, "one"));
  {
    const auto lock = lock_host(store().folder(1));
    ASSERT_TRUE(lock);
    EXPECT_TRUE(store().occupied(1));
    EXPECT_TRUE(store().find(1)->host_lives);
  }
  EXPECT_FALSE(store().occupied(1));
  ASSERT_TRUE(store().abandon(1));
  const auto stale = store().keep(1, "again", {"10.0.0.1:5678", 12, "", ""});
  ASSERT_TRUE(stale);
  EXPECT_TRUE(std::filesystem::exists(*stale / "disowned"));
  EXPECT_FALSE(store().find(1)->abandoned) << "what was left from before is not the new task's";
}

TEST_F(Store, ForgetsWhatAKilledWorkerHadNotWholeAndKeepsNoPieceOfIt) {
  ASSERT_TRUE(store().prepare());
  ASSERT_TRUE(std::filesystem::create_directory(store().folder(1)));
  ASSERT_TRUE(std::filesystem::create_directory(store().folder(2)));
  ASSERT_TRUE(write_file(store().folder(2) / "dispatch.json.tmp", "{\"half", 0600, Durability::kAtomic));
  EXPECT_THAT(scan(), IsEmpty());
  EXPECT_THAT(problems_, IsEmpty());
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "tasks"));
}

TEST_F(Store, SaysWhichFolderCannotBeWritten) {
  ASSERT_TRUE(write_file(folder_ / "tasks", "a file", 0600, Durability::kAtomic));
  const Status status = store().prepare();
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().to_string(), HasSubstr((folder_ / "tasks").string()));
}

TEST(Tenant, ThatDoesNotExistIsAnErrorThatSaysWhatToDo) {
  const auto user = resolve_tenant("no_such_user_here", WorkerConfig());
  ASSERT_FALSE(user);
  EXPECT_THAT(user.error().to_string(), HasSubstr("useradd no_such_user_here"));
}

TEST(Tenant, WhoseNameCouldBeAnOptionIsRefused) {
  for (const char* const name : {"-r", "a b", "x;y", "../x", "a\n", "$(x)"})
    EXPECT_FALSE(resolve_tenant(name, WorkerConfig())) << name;
}

WorkerConfig with_tenants(const std::string& map) {
  WorkerConfig config;
  config.tenant_map = map;
  config.allow_root_tenant = RootTenant::kAllowed;
  return config;
}

TEST(Tenant, WhoIsTheWorkerItselfNeedsNoChange) {
  const WorkerConfig config = with_tenants("");
  EXPECT_EQ(resolve_tenant("", config).value_or("?"), "");
  EXPECT_EQ(resolve_tenant("default", config).value_or("?"), "");
  EXPECT_EQ(resolve_tenant(user_name(::geteuid()), config).value_or("?"), "");
}

TEST(Tenant, OfARootWorkerIsBecomeUnlessThatIsOff) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  WorkerConfig config = with_tenants("");
  EXPECT_EQ(resolve_tenant("nobody", config).value_or("?"), "nobody");
  config.sudo = false;
  EXPECT_EQ(resolve_tenant("nobody", config).value_or("?"), "");
}

std::string refusal_of(const std::string& tenant, const WorkerConfig& config) {
  const auto user = resolve_tenant(tenant, config);
  return user ? "runs as \"" + *user + "\"" : user.error().to_string();
}

TEST(Tenant, ThatIsRootIsRefusedUnlessAllowed) {
  WorkerConfig config;
  EXPECT_EQ(
      refusal_of("root", config),
      "a task of tenant \"root\" would run as root, which this worker does not do: choose another tenant, or allow "
      "it (allow-root-tenant: true)");
  config.tenant_map = "etl=root";
  EXPECT_THAT(refusal_of("etl", config), HasSubstr("tenant \"etl\" would run as root"));
  config.allow_root_tenant = RootTenant::kAllowed;
  EXPECT_TRUE(resolve_tenant("etl", config));
}

TEST(Tenant, ThatIsRootIsLetBeOnALoopbackAddressUnlessRefused) {
  WorkerConfig config;
  for (const char* const address : {"127.0.0.1:1234", "127.9.9.9:1", "localhost:1234"}) {
    config.advertise_address = address;
    EXPECT_TRUE(may_run_as_root(config)) << address;
  }
  for (const char* const address : {"10.0.0.7:1234", "worker-1:1234", "128.0.0.1:1234"}) {
    config.advertise_address = address;
    EXPECT_FALSE(may_run_as_root(config)) << address;
  }
  config = WorkerConfig();
  EXPECT_FALSE(may_run_as_root(config)) << "it listens on every address";
  config.listen = "127.0.0.1:1234";
  EXPECT_TRUE(may_run_as_root(config));
  config.allow_root_tenant = RootTenant::kRefused;
  EXPECT_FALSE(may_run_as_root(config));
}

// 3.1 runs everything as the worker's user then (sudo.enable=false), and that is root's as much as any.
TEST(Tenant, OfARootWorkerThatBecomesNobodyIsRefusedUnlessAllowed) {
  if (::geteuid() != 0) GTEST_SKIP() << "it is about a worker that is root";
  WorkerConfig config;
  EXPECT_TRUE(check_tenants_possible(config));
  EXPECT_THAT(refusal_of("", config), HasSubstr("tenant \"default\" would run as root, which"));
  config.sudo = false;
  EXPECT_THAT(refusal_of("nobody", config), HasSubstr("as the worker is root and becomes no tenant (sudo: false)"));
  EXPECT_FALSE(check_tenants_possible(config));
  config.allow_root_tenant = RootTenant::kAllowed;
  EXPECT_EQ(refusal_of("nobody", config), "runs as \"\"");
  EXPECT_TRUE(check_tenants_possible(config));
}

TEST(Tenant, IsTheUserThatTheMapNames) {
  const std::string own = user_name(::geteuid());
  EXPECT_EQ(refusal_of("Team-A", with_tenants("Team-A=" + own)), "runs as \"\"");
  EXPECT_THAT(refusal_of("etl", with_tenants("etl=no_such_user_here")), HasSubstr("useradd no_such_user_here"));
}

TEST(Tenant, WhomTheMapDoesNotNameIsNotRunAtAll) {
  const std::string own = user_name(::geteuid());
  const std::string refused = "\" is not run on this worker: name it, and its user, in the key tenant-map";
  EXPECT_EQ(refusal_of(own, with_tenants("etl")), "tenant \"" + own + refused);
  EXPECT_EQ(refusal_of("default", with_tenants("etl")), "tenant \"default" + refused);
  EXPECT_EQ(refusal_of(own, with_tenants("etl,*")), "runs as \"\"");
}

AcceptedTask accepted(const std::string& type) {
  AcceptedTask task;
  task.dispatch.context = context();
  task.dispatch.context.task_type = type;
  return task;
}

TEST(TaskRequest, OfATypeWithoutAPluginSaysSo) {
  const auto request = make_task_request(accepted("SHEL"), {}, Catalog::scan({}), "");
  ASSERT_FALSE(request);
  EXPECT_THAT(request.error().to_string(), HasSubstr("SHEL"));
}

TEST(TaskRequest, OfALogicTaskSaysThatMastersEvaluateIt) {
  const auto request = make_task_request(accepted("SWITCH"), {}, Catalog::scan({}), "");
  ASSERT_FALSE(request);
  EXPECT_THAT(request.error().to_string(), HasSubstr("evaluated by masters"));
}

class ResourcesOfATask : public testing::Test {
 protected:
  Result<TaskRequest> request(std::vector<std::pair<std::string, std::string>> resources) const {
    AcceptedTask task = accepted("SHELL");
    task.dispatch.context.resources = std::move(resources);
    return make_task_request(task, config, Catalog::scan({PORPOISE_BUILD "/lib/porpoise/plugins"}), "");
  }
  std::string refusal(std::vector<std::pair<std::string, std::string>> resources) const {
    const auto made = request(std::move(resources));
    return made ? "" : made.error().to_string();
  }

  WorkerConfig config;
};

TEST_F(ResourcesOfATask, AreOrderedFromTheFoldersOfTheirOwners) {
  config.resources.type = StorageType::kS3;
  config.resources.bucket = "ds";
  config.resources.secret_key = "secret";
  config.resources.max_gib = 2;
  const auto made = request({{"/lib/a.py", "etl"}, {"b.sh", "root"}});
  ASSERT_TRUE(made) << made.error().to_string();
  const ResourceOrder& order = made->resources;
  EXPECT_EQ(order.storage.kind, ResourceStorage::Kind::kS3);
  EXPECT_EQ(order.storage.bucket, "ds");
  EXPECT_EQ(order.storage.base_path, "/dolphinscheduler");
  EXPECT_EQ(order.storage.region, "us-east-1");
  EXPECT_EQ(order.storage.secret_key, "secret");
  EXPECT_EQ(order.max_bytes, 2ULL << 30U);
  ASSERT_THAT(order.files, SizeIs(2));
  EXPECT_EQ(order.files[0].name, "/lib/a.py");
  EXPECT_EQ(order.files[0].path, "etl/resources/lib/a.py");
  EXPECT_EQ(order.files[1].path, "root/resources/b.sh");
}

TEST_F(ResourcesOfATask, FailItWhereNoStorageIsConfigured) {
  EXPECT_THAT(refusal({{"/lib/a.py", "root"}}),
              testing::AllOf(HasSubstr("/lib/a.py of the resource centre"), HasSubstr("set resources.type")));
  EXPECT_EQ(refusal({}), "");
}

TEST_F(ResourcesOfATask, ThatLeadElsewhereFailIt) {
  config.resources.type = StorageType::kFile;
  EXPECT_THAT(refusal({{"/../a.py", "root"}}), HasSubstr("would leave the working directory"));
  EXPECT_THAT(refusal({{"/a.py", "../root"}}), HasSubstr("tenant \"../root\""));
  EXPECT_THAT(refusal(std::vector(kMaxResources + 1, std::pair<std::string, std::string>("/a", "root"))),
              HasSubstr("a task may have 1000 resources"));
}

TEST(TaskRequest, CountsTimeFromTheScheduleAlsoWithoutParameters) {
  AcceptedTask task = accepted("SHELL");
  task.dispatch.context.schedule_time = "20230101000000";
  const auto request = make_task_request(task, {}, Catalog::scan({PORPOISE_BUILD "/lib/porpoise/plugins"}), "");
  ASSERT_TRUE(request) << request.error().to_string();
  EXPECT_EQ(request->schedule_time, "20230101000000");
  EXPECT_EQ(request->env_file, "/etc/profile");
}

}  // namespace
}  // namespace porpoise
