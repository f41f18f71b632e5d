// The frame of every test here: a real ZooKeeper, the built worker, and a scripted master that talks to it.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/scripted_master.h"
#include "support/worker_process.h"
#include "support/zookeeper_server.h"

namespace porpoise {

class WorkerCase : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = support::ZookeeperServer::missing(); !why.empty()) GTEST_SKIP() << why;
    zookeeper = std::make_unique<support::ZookeeperServer>();
    ASSERT_EQ(zookeeper->problem(), "");
  }

  // The worker, and the master's connection to it. `masters`: who may give tasks without being registered. A failure is
  // fatal: the test is to look at HasFatalFailure().
  void start(std::vector<std::string> flags = {}, std::string masters = "127.0.0.1") {
    worker = std::make_unique<support::WorkerProcess>(support::WorkerProcess::Options{
        .zookeeper = zookeeper->connect_string(), .flags = std::move(flags), .masters = std::move(masters)});
    ASSERT_EQ(worker->problem(), "");
    ASSERT_NE(master.address(), "");
    const Status connected = master.connect(worker->address());
    ASSERT_TRUE(connected) << connected.error().to_string() << "\n" << worker->log();
  }

  boost::asio::io_context io;
  std::unique_ptr<support::ZookeeperServer> zookeeper;
  std::unique_ptr<support::WorkerProcess> worker;
  support::ScriptedMaster master{io};
};

}  // namespace porpoise
