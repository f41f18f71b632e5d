// What the worker does about peers that are no masters: nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/loopback/worker_case.h"

namespace porpoise {
namespace {

using testing::HasSubstr;
using wire::Command;

using Stranger = WorkerCase;

TEST_F(Stranger, RunsNothingAndIsToldNothing) {
  ASSERT_NO_FATAL_FAILURE(start({}, "none"));
  const auto marker = worker->folder() / "marker";
  master.dispatch({.task_instance_id = 7, .script = "touch " + marker.native()});
  EXPECT_TRUE(master.wait_until([&] { return !master.connected(); })) << "the connection is closed";
  EXPECT_EQ(master.find(Command::kTaskExecuteRunning, 7), nullptr);
  EXPECT_FALSE(std::filesystem::exists(marker));
  EXPECT_FALSE(std::filesystem::exists(worker->state_dir(7)));
  // The connection ends before the line is written.
  const auto has_said = [&] { return worker->log().find("allow-masters: 127.0.0.1") != std::string::npos; };
  EXPECT_TRUE(master.wait_until(has_said));
  EXPECT_THAT(worker->log(), HasSubstr("it may not send TASK_DISPATCH_REQUEST"));
}

}  // namespace
}  // namespace porpoise
