// What the worker does about peers that are no masters: nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "support/scripted_master.h"
#include "support/worker_process.h"
#include "support/zookeeper_server.h"

namespace porpoise {
namespace {

using testing::HasSubstr;
using wire::Command;

TEST(Stranger, RunsNothingAndIsToldNothing) {
  if (const std::string why = support::ZookeeperServer::missing(); !why.empty()) GTEST_SKIP() << why;
  const support::ZookeeperServer zookeeper;
  ASSERT_EQ(zookeeper.problem(), "");
  const support::WorkerProcess worker({.zookeeper = zookeeper.connect_string(), .masters = "none"});
  boost::asio::io_context io;
  support::ScriptedMaster stranger(io);
  ASSERT_TRUE(stranger.connect(worker.address())) << worker.log();
  const auto marker = worker.folder() / "marker";
  stranger.dispatch({.task_instance_id = 7, .script = "touch " + marker.native()});
  EXPECT_TRUE(stranger.wait_until([&] { return !stranger.connected(); })) << "the connection is closed";
  EXPECT_EQ(stranger.find(Command::kTaskExecuteRunning, 7), nullptr);
  EXPECT_FALSE(std::filesystem::exists(marker));
  EXPECT_FALSE(std::filesystem::exists(worker.state_dir(7)));
  // The connection ends before the line is written.
  const auto has_said = [&] { return worker.log().find("allow-masters: 127.0.0.1") != std::string::npos; };
  EXPECT_TRUE(stranger.wait_until(has_said));
  EXPECT_THAT(worker.log(), HasSubstr("it may not send TASK_DISPATCH_REQUEST"));
}

}  // namespace
}  // namespace porpoise
