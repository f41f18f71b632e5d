#include <gtest/gtest.h>

#include <filesystem>

#include "unit/wire/recordings.h"
#include "wire/messages.h"

namespace porpoise::wire {
namespace {

Result<Incoming> decode(const Frame& frame, const TimeZone& zone = utc()) { return profile_31(zone)->decode(frame); }

template <typename Message>
Message recorded(std::string_view number) {
  auto message = decode(recorded_frame(number));
  if (message && std::holds_alternative<Message>(*message)) return std::get<Message>(std::move(*message));
  ADD_FAILURE() << "recording " << number << ": " << (message ? "another message" : message.error().to_string());
  return {};
}

std::string refusal(Command command, const std::string& body) {
  const auto message = decode({command, 1, body});
  return message ? "" : message.error().to_string();
}

// The smallest dispatch, with members added to its context.
std::string dispatch(const std::string& more = "", const std::string& sender = R"("h:1")") {
  return R"({"messageSenderAddress":)" + sender + R"(,"taskExecutionContext":{"taskInstanceId":1,"taskType":"SHELL")" +
         more + "}}";
}
// Why it is no dispatch, or, after "defect: ", why it cannot be run.
std::string dispatch_refusal(const std::string& more, const std::string& sender = R"("h:1")") {
  const auto message = decode({Command::kTaskDispatchRequest, 1, dispatch(more, sender)});
  if (!message) return message.error().to_string();
  const auto& task = std::get<DispatchTask>(*message);
  EXPECT_EQ(task.context.task_instance_id, 1);
  EXPECT_EQ('"' + task.master + '"', sender);
  return task.defect ? "defect: " + task.defect->to_string() : "";
}

// What is known of a dispatch whose body is `text`: "task 1 of h:1: why it cannot be run"; or why it is none.
std::string known_of(const std::string& text) {
  const auto message = decode({Command::kTaskDispatchRequest, 1, text});
  if (!message) return message.error().to_string();
  const auto& task = std::get<DispatchTask>(*message);
  return "task " + std::to_string(task.context.task_instance_id) + " of " + task.master + ": " +
         (task.defect ? task.defect->to_string() : "");
}

Property in(const std::string& name, const std::string& value, const std::string& type = "VARCHAR") {
  return {.prop = name, .direct = Direct::kIn, .type = type, .value = value};
}

TEST(Profile31, ReadsARecordedDispatch) {
  const auto message = recorded<DispatchTask>("02");
  EXPECT_EQ(message.master, "127.0.0.1:5678");
  const TaskContext& task = message.context;
  EXPECT_EQ(task.task_instance_id, 1);
  EXPECT_EQ(task.task_name, "a");
  EXPECT_EQ(task.task_type, "SHELL");
  EXPECT_EQ(task.first_submit_time_ms, 1795467628000);
  EXPECT_EQ(task.process_define_code, 23812765100480);
  EXPECT_EQ(task.process_define_version, 1);
  EXPECT_EQ(task.process_instance_id, 1);
  EXPECT_EQ(task.project_code, 23812765077952);
  EXPECT_EQ(task.app_ids, "");
  EXPECT_EQ(task.schedule_time, "");
  EXPECT_EQ(task.tenant_code, "root");
  EXPECT_EQ(task.task_params,
            R"({"rawScript":"echo hello; id; env | grep -i dolphin; pwd","localParams":[],"resourceList":[]})");
  EXPECT_EQ(task.environment_config, "");
  EXPECT_TRUE(task.prepare_params.empty());
  EXPECT_TRUE(task.business_params.empty());
  EXPECT_TRUE(task.global_params.empty());
  EXPECT_TRUE(task.var_pool.empty());
  EXPECT_TRUE(task.resources.empty());
  EXPECT_EQ(task.timeout_strategy, "");
  EXPECT_EQ(task.timeout_seconds, 0) << "2147483647 is none";
  EXPECT_EQ(task.delay_minutes, 0);
  EXPECT_FALSE(task.dry_run);
}

TEST(Profile31, ReadsTheParametersOfRecordedDispatches) {
  const TaskContext up = recorded<DispatchTask>("15").context;
  EXPECT_EQ(up.global_params, (PropertyList{in("g", "gv")}));
  EXPECT_EQ(up.prepare_params, (PropertyMap{{"g", in("g", "gv")}}));
  EXPECT_TRUE(up.var_pool.empty());

  const TaskContext down = recorded<DispatchTask>("16").context;
  EXPECT_EQ(down.global_params, (PropertyList{in("g", "gv")}));
  EXPECT_EQ(down.var_pool.size(), 2U);
  EXPECT_EQ(down.prepare_params, (PropertyMap{{"g", in("g", "gv")},
                                              {"loc", in("loc", "lv")},
                                              {"key", in("key", "v1 with space")},
                                              {"k2", in("k2", "v2")}}));

  const TaskContext big = recorded<DispatchTask>("24").context;
  EXPECT_EQ(big.var_pool, (PropertyList{in("n", "9", "INTEGER")}));
}

TEST(Profile31, ReadsTheTimeoutOfARecordedDispatch) {
  const TaskContext task = recorded<DispatchTask>("23").context;
  EXPECT_EQ(task.timeout_strategy, "FAILED");
  EXPECT_EQ(task.timeout_seconds, 60);
}

TEST(Profile31, ReadsRecordedDispatchesOfOtherTypesAndASecondOne) {
  EXPECT_EQ(recorded<DispatchTask>("14").context.task_type, "PYTHON");
  EXPECT_EQ(recorded<DispatchTask>("17").context.task_type, "HTTP");
  EXPECT_EQ(recorded<DispatchTask>("22").context.task_type, "OPENMLDB");
  EXPECT_EQ(recorded<DispatchTask>("27").context.task_instance_id, 226);
}

TEST(Profile31, ReadsWhatElseAMasterWasRecordedToSend) {
  EXPECT_EQ(recorded<KillTask>("19").task_instance_id, 11);
  EXPECT_EQ(recorded<Savepoint>("31").task_instance_id, 999999);
  const auto update = recorded<UpdateHost>("32");
  EXPECT_EQ(update.task_instance_id, 999999);
  EXPECT_EQ(update.master, "127.0.0.1:1");
  const auto running = recorded<RunningAck>("05");
  EXPECT_EQ(running.task_instance_id, 1);
  EXPECT_TRUE(running.success);
  const auto result = recorded<ResultAck>("06");
  EXPECT_EQ(result.task_instance_id, 1);
  EXPECT_TRUE(result.success);
  const auto reject = recorded<RejectAck>("26");
  EXPECT_EQ(reject.task_instance_id, 226);
  EXPECT_TRUE(reject.success);
}

TEST(Profile31, ReadsRecordedLogRequests) {
  const std::string path = "/opt/dolphinscheduler/worker-server/log/20261123/23812765100480_1-1-1.log";
  const auto page = recorded<ViewLogPage>("07");
  EXPECT_EQ(page.path, path);
  EXPECT_EQ(page.skip_lines, 0);
  EXPECT_EQ(page.limit, 1000);
  EXPECT_EQ(recorded<GetLogBytes>("09").path, path);
  EXPECT_EQ(recorded<ViewWholeLog>("28").path, "b/run/log/20261123/23812933001408_1-4-5.log");
  EXPECT_EQ(recorded<GetAppIds>("29").path, "b/run/log/20261123/23812933001408_1-4-5.log");
  EXPECT_EQ(recorded<RemoveLog>("34").path,
            "/opt/dolphinscheduler/worker-server/log/20261123/23812935300160_1-8-13.log");
}

TEST(Profile31, ALogRequestWithoutAPathIsStillOneToAnswer) {
  for (const char* const body : {"{}", R"({"path":null})"}) {
    const auto message = decode({Command::kRollViewLogRequest, 1, body});
    ASSERT_TRUE(message) << body;
    EXPECT_EQ(std::get<ViewLogPage>(*message).path, "");
  }
}

TEST(Profile31, HeartBeatsAndPingsHaveNoJson) {
  recorded<HeartBeat>("11");
  recorded<HeartBeat>("12");
  recorded<Ping>("30");
  EXPECT_TRUE(decode({Command::kHeartBeat, 1, ""}));
}

TEST(Profile31, ReadsWhatTheAlertServerAnswers) {
  const auto answer = [](const std::string& body) {
    const auto message = decode({Command::kAlertSendResponse, 1, body});
    return message ? std::get<AlertAnswer>(*message) : AlertAnswer{false, message.error().to_string()};
  };
  EXPECT_TRUE(answer(R"({"success":true,"resResults":[{"success":true,"message":"sent"}]})").success);
  EXPECT_EQ(answer(R"({"success":true,"resResults":null})").message, "");
  const AlertAnswer failed = answer(
      R"({"success":false,"resResults":[{"success":true,"message":"sent"},{"success":false,"message":"no SMTP"}]})");
  EXPECT_FALSE(failed.success);
  EXPECT_EQ(failed.message, "no SMTP");
  EXPECT_FALSE(answer("{}").success);
  EXPECT_NE(answer(R"({"success":false,"resResults":5})").message.find("resResults"), std::string::npos);
}

TEST(Profile31, IgnoresCommandsThatNeverConcernAWorker) {
  recorded<Ignored>("01");
  recorded<Ignored>("18");
  for (const int type : {1, 3, 5, 7, 9, 10, 11, 12, 14, 16, 19, 20, 23, 26, 27, 30, 31, 32, 33, 34, 35, 36}) {
    const auto message = decode({static_cast<Command>(type), 1, "not JSON"});
    ASSERT_TRUE(message) << type;
    EXPECT_TRUE(std::holds_alternative<Ignored>(*message)) << type;
  }
}

TEST(Profile31, ABodyThatIsNotJsonIsAnErrorThatNamesTheCommandAndThePlace) {
  const auto message = decode(recorded_frame("33"));
  ASSERT_FALSE(message);
  EXPECT_EQ(message.error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(message.error().to_string().find("TASK_DISPATCH_REQUEST: body: line 1, column 3: "), 0U)
      << message.error().to_string();
  EXPECT_EQ(refusal(Command::kTaskKillRequest, "[]"), "TASK_KILL_REQUEST: body is not a JSON object");
  for (const char* const body : {"", "null", "[1]", "\"x\"", "{} {}", "\xEF\xBB\xBF{"})
    EXPECT_NE(refusal(Command::kTaskKillRequest, body), "") << body;
}

TEST(Profile31, ADispatchWithoutWhatItNeedsIsAnErrorThatNamesTheMember) {
  const std::string prefix = "TASK_DISPATCH_REQUEST: member ";
  EXPECT_EQ(refusal(Command::kTaskDispatchRequest, "{}"), prefix + R"("messageSenderAddress" is missing)");
  EXPECT_EQ(dispatch_refusal("", "null"), prefix + R"("messageSenderAddress" is missing)");
  EXPECT_EQ(refusal(Command::kTaskDispatchRequest, R"({"messageSenderAddress":"h:1"})"),
            prefix + R"("taskExecutionContext" is missing)");
  EXPECT_EQ(refusal(Command::kTaskDispatchRequest, R"({"messageSenderAddress":"h:1","taskExecutionContext":[]})"),
            prefix + R"("taskExecutionContext" is missing)");
  EXPECT_EQ(refusal(Command::kTaskDispatchRequest, R"({"messageSenderAddress":"h:1","taskExecutionContext":7})"),
            prefix + R"("taskExecutionContext" is not a JSON object)");
  EXPECT_EQ(refusal(Command::kTaskDispatchRequest, R"({"messageSenderAddress":"h:1","taskExecutionContext":{}})"),
            prefix + R"("taskExecutionContext.taskInstanceId" is missing)");
  EXPECT_EQ(dispatch_refusal(R"(,"taskInstanceId":-1)"),
            prefix + R"("taskExecutionContext.taskInstanceId" is negative)");
}

// Neither RESULT nor REJECT came of these: their workflows waited for ever.
TEST(Profile31, ADispatchThatSaysWhoseItIsIsReadWhateverIsWrongWithTheRest) {
  const std::pair<const char*, const char*> kDamaged[] = {
      {R"("taskType":null)", R"(taskType" is missing)"},
      {R"("taskType":{})", R"(taskType" is not a text)"},
      {R"("taskName":[1])", R"(taskName" is not a text)"},
      {R"("delayTime":"soon")", R"(delayTime" is no whole number of 64 bits)"},
      {R"("delayTime":4294967296)", R"(delayTime" is no whole number of 32 bits)"},
      {R"("resources":{"/a":{}})", R"(resources./a" is not a text)"},
      {R"("resources":["a"])", R"(resources" is not a JSON object)"},
      {R"("processInstanceId":3000000000)", R"(processInstanceId" is no whole number of 32 bits)"},
      {R"("processDefineCode":"x")", R"(processDefineCode" is no whole number of 64 bits)"},
      {R"("projectCode":1e40)", R"(projectCode" is no whole number of 64 bits)"},
      {R"("firstSubmitTime":"soon")", R"(firstSubmitTime" is no date of the form yyyy-MM-dd HH:mm:ss)"},
      {R"("scheduleTime":"2026-11-30T10:00:00")", R"(scheduleTime" is no date of the form yyyy-MM-dd HH:mm:ss)"},
      {R"("tenantCode":{})", R"(tenantCode" is not a text)"},
      {R"("taskParams":{"rawScript":"echo"})", R"(taskParams" is not a text)"},
      {R"("environmentConfig":{})", R"(environmentConfig" is not a text)"},
      {R"("appIds":{"a":1})", R"(appIds" is not a text)"},
      {R"("varPool":"garbage")", R"(varPool": line 1, column 1: )"},
      {R"("varPool":"{}")", R"(varPool": a parameter list is not a JSON array)"},
      {R"("globalParams":"[{\"prop\":")", R"(globalParams": line 1, column 10: )"},
      {R"("prepareParamsMap":{"a":5})", R"(prepareParamsMap": a parameter is not a JSON object)"},
      {R"("prepareParamsMap":"x")", R"(prepareParamsMap" is not a JSON object)"},
      {R"("paramsMap":[1])", R"(paramsMap" is not a JSON object)"},
      {R"("taskTimeout":9999999999)", R"(taskTimeout" is no whole number of 32 bits)"},
      {R"("taskTimeoutStrategy":{})", R"(taskTimeoutStrategy" is not a name)"},
      {R"("dryRun":"maybe")", R"(dryRun" is no whole number of 64 bits)"},
      {R"("cpuQuota":"all")", R"(cpuQuota" is no whole number of 64 bits)"},
  };
  for (const auto& [member, why] : kDamaged)
    EXPECT_EQ(
        dispatch_refusal(std::string(",") + member).find(R"(defect: member "taskExecutionContext.)" + std::string(why)),
        0U)
        << member << ": " << dispatch_refusal(std::string(",") + member);
}

TEST(Profile31, TheFirstDefectOfADispatchCountsAndTheRestIsRead) {
  const auto message = decode({Command::kTaskDispatchRequest, 1,
                               dispatch(R"(,"varPool":"x","dryRun":"y","processInstanceId":7,"tenantCode":"etl")")});
  ASSERT_TRUE(message);
  const auto& task = std::get<DispatchTask>(*message);
  ASSERT_TRUE(task.defect);
  EXPECT_NE(task.defect->to_string().find("varPool"), std::string::npos);
  EXPECT_EQ(task.context.process_instance_id, 7);
  EXPECT_EQ(task.context.tenant_code, "etl");
}

TEST(Profile31, ADispatchThatIsTooLargeIsOneWithADefect) {
  const std::string begin =
      R"({"messageSenderAddress":"h:1","taskExecutionContext":{"taskInstanceId":7,"taskParams":"xxx)";
  const auto message = decode({Command::kTaskDispatchRequest, 1, begin, 20'000'000});
  ASSERT_TRUE(message) << message.error().to_string();
  EXPECT_EQ(std::get<DispatchTask>(*message).context.task_instance_id, 7);
  EXPECT_EQ(std::get<DispatchTask>(*message).defect->to_string(),
            "it has " + std::to_string(20'000'000 + begin.size()) + " bytes, more than can be taken");
  EXPECT_FALSE(decode({Command::kTaskDispatchRequest, 1, "{", 20'000'000}));
  EXPECT_FALSE(decode({Command::kTaskKillRequest, 1, begin, 20'000'000}));
}

// JSON that is none is searched for whose it is, and never inside of a text: what a task's script says is no member.
TEST(Profile31, ADispatchThatIsNoJsonIsOneWithADefectWhenItSaysWhoseItIs) {
  const std::string sender = R"({"messageSenderAddress":"h:1",)";
  const std::string begin = sender + R"("taskExecutionContext":{"taskInstanceId":7,"processInstanceId":3,)";
  for (const std::string& text :
       {begin + R"("taskName":"t)" + "\xff\xfe" + R"("}})", begin + std::string(100'000, '['), begin,
        begin + R"("taskParams":"\"taskInstanceId\":8,\"messageSenderAddress\":\"x:2\"")",
        std::string(R"({ "taskInstanceId" : "7" , "messageSenderAddress" : "h:1" , )")})
    EXPECT_EQ(known_of(text).find("task 7 of h:1: body: "), 0U) << known_of(text).substr(0, 200);
  for (const std::string& text :
       {sender, sender + R"("taskExecutionContext":{"taskInstanceId":7)", begin + R"("taskInstanceId":8,)",
        sender + R"("taskInstanceId":0,)", sender + R"("taskInstanceId":-7,)", sender + R"("taskInstanceId":7.5,)",
        sender + R"("taskInstanceId":99999999999,)", sender + R"("taskInstanceId":,)",
        std::string(R"({"messageSenderAddress":"h","taskInstanceId":7,)"),
        std::string(R"({"messageSenderAddress":"h\u003a1","taskInstanceId":7,)"),
        std::string(R"(["messageSenderAddress":"h:1","taskInstanceId":7,)")})
    EXPECT_EQ(known_of(text).find("TASK_DISPATCH_REQUEST: body: "), 0U) << text << "\n" << known_of(text);
}

TEST(Profile31, TheAddressOfAMasterIsHostAndPortWithOneColon) {
  for (const char* const address : {"h", ":1", "h:", "h:0", "h:65536", "h:-1", "h:+1", "h:1x", "h:1:2", "[::1]:5678",
                                    "h :1", "h:1 ", "h\\n:1", "\\u4e2d:1"})
    EXPECT_EQ(dispatch_refusal("", std::string("\"") + address + "\""),
              R"(TASK_DISPATCH_REQUEST: member "messageSenderAddress" is not host:port)")
        << address;
  for (const char* const address : {"h:1", "127.0.0.1:65535", "worker-0.worker-headless:5678"})
    EXPECT_EQ(dispatch_refusal("", std::string("\"") + address + "\""), "") << address;
  EXPECT_EQ(refusal(Command::kProcessHostUpdateRequest, R"({"taskInstanceId":1,"processHost":"h"})"),
            R"(PROCESS_HOST_UPDATE_REQUEST: member "processHost" is not host:port)");
}

TEST(Profile31, MessagesAboutATaskNameIt) {
  for (const Command command :
       {Command::kTaskKillRequest, Command::kTaskSavepointRequest, Command::kTaskExecuteRunningAck,
        Command::kTaskExecuteResultAck, Command::kTaskRejectAck, Command::kProcessHostUpdateRequest})
    EXPECT_EQ(refusal(command, R"({"success":true,"processHost":"h:1"})"),
              std::string(name_of(command)) + R"(: member "taskInstanceId" is missing)");
}

TEST(Profile31, ReadsWhatNoRecordingHas) {
  const auto message = decode({Command::kTaskDispatchRequest, 1, dispatch(R"(,
    "scheduleTime":"2026-11-23 00:00:00", "appIds":"application_1_2", "environmentConfig":"export A=1\nexport B=2",
    "paramsMap":{"system.datetime":{"prop":"system.datetime","direct":"IN","type":"VARCHAR","value":"20261123000000"}},
    "resources":{"/lib/a.py":"root","b.sql":"etl"}, "delayTime":3, "dryRun":1, "cpuQuota":50, "memoryMax":1024,
    "prepareParamsMap":{"x":null,"y":[]}, "globalParams":"null", "varPool":"")")});
  ASSERT_TRUE(message) << message.error().to_string();
  const TaskContext& task = std::get<DispatchTask>(*message).context;
  EXPECT_EQ(task.schedule_time, "20261123000000");
  EXPECT_EQ(task.app_ids, "application_1_2");
  EXPECT_EQ(task.environment_config, "export A=1\nexport B=2");
  EXPECT_EQ(task.business_params, (PropertyMap{{"system.datetime", in("system.datetime", "20261123000000")}}));
  EXPECT_EQ(task.resources,
            (std::vector<std::pair<std::string, std::string>>{{"/lib/a.py", "root"}, {"b.sql", "etl"}}));
  EXPECT_EQ(task.delay_minutes, 3);
  EXPECT_TRUE(task.dry_run);
  EXPECT_TRUE(task.prepare_params.empty());
  EXPECT_TRUE(task.global_params.empty());
  EXPECT_TRUE(task.var_pool.empty());
}

TEST(Profile31, ParametersThatAreNoneAreAnErrorThatNamesTheMember) {
  EXPECT_EQ(dispatch_refusal(R"(,"varPool":"[{]")")
                .find(R"(defect: member "taskExecutionContext.varPool": line 1, column 3: )"),
            0U);
  EXPECT_EQ(dispatch_refusal(R"(,"globalParams":"{}")"),
            R"(defect: member "taskExecutionContext.globalParams": a parameter list is not a JSON array)");
  EXPECT_EQ(dispatch_refusal(R"(,"prepareParamsMap":{"a":1})"),
            R"(defect: member "taskExecutionContext.prepareParamsMap": a parameter is not a JSON object)");
}

TEST(Profile31, NestsNoDeeperThan64InTheBodyNorInTextsInIt) {
  const auto nested = [](int depth) {
    const auto levels = static_cast<std::size_t>(depth);
    return std::string(levels, '[') + std::string(levels, ']');
  };
  EXPECT_EQ(dispatch_refusal(R"(,"unknown":)" + nested(62)), "");
  EXPECT_NE(dispatch_refusal(R"(,"unknown":)" + nested(63)).find("nested deeper than 64 levels"), std::string::npos);
  EXPECT_NE(dispatch_refusal(R"(,"varPool":")" + nested(65) + "\"").find("nested deeper than 64 levels"),
            std::string::npos);
  EXPECT_NE(refusal(Command::kTaskKillRequest, nested(100'000)).find("nested deeper than 64 levels"),
            std::string::npos);
}

TEST(Profile31, DatesAreInTheZoneOfTheProfile) {
  if (!std::filesystem::exists("/usr/share/zoneinfo/Asia/Shanghai")) GTEST_SKIP() << "this machine has no zone files";
  ASSERT_TRUE(use_time_zone("Asia/Shanghai"));
  const Frame frame = {Command::kTaskDispatchRequest, 1,
                       dispatch(R"(,"firstSubmitTime":"2026-11-24 05:00:28","scheduleTime":"2026-11-24 00:00:00")")};
  const auto message = decode(frame, system_time_zone());
  ASSERT_TRUE(message);
  const TaskContext& task = std::get<DispatchTask>(*message).context;
  EXPECT_EQ(task.first_submit_time_ms, 1795467628000);
  EXPECT_EQ(task.schedule_time, "20261124000000");
  const auto number =
      decode({Command::kTaskDispatchRequest, 1, dispatch(R"(,"scheduleTime":1795467628000)")}, system_time_zone());
  ASSERT_TRUE(number);
  EXPECT_EQ(std::get<DispatchTask>(*number).context.schedule_time, "20261124050028");
  ASSERT_TRUE(use_time_zone("UTC"));
}

}  // namespace
}  // namespace porpoise::wire
