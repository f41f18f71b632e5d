// The Driver over OpenMLDB's Python SDK, for clusters without an APIServer. Lives on the task's run thread.
//
// The SDK is in a process of its own (sdk_client.py). A second one stands by without it: the SDK cannot be interrupted
// in a call, nothing can be started after a cancel, and STOP JOB has to be said all the same.
#pragma once

#include <porpoise/plugin.hpp>

#include <filesystem>
#include <memory>
#include <string>

#include "base/json.h"
#include "openmldb/config.h"
#include "openmldb/driver.h"
#include "openmldb/sdk_process.h"

namespace porpoise::openmldb {

class SdkDriver : public Driver {
 public:
  struct Target {
    std::string zk, zk_path;
    std::filesystem::path work_dir;
    std::string file_stem;  // of files in there
    std::string other_way;  // what would make an APIServer be used instead; for whom the SDK is missing
  };
  // `config` outlives the driver. The task's deadline comes as a cancel.
  SdkDriver(plugin::Host host, Target target, const Config& config);

  Reply<Table> execute(const Call& call) override;
  Reply<std::optional<std::string>> deployment(std::string_view db, std::string_view name) override;
  Reply<std::vector<std::string>> databases() override;
  void refresh() override;

 private:
  struct Exchange {
    Json order;
    std::chrono::milliseconds limit{0};
    bool is_repeatable = false;
    bool ignores_cancel = false;
  };
  Reply<Json> read(Json order);
  Reply<Json> send(const Exchange& exchange);
  Reply<Json> send_once(const Exchange& exchange);
  // A process that is connected and idle. What is still in a call is not waited for any more by then, and is ended.
  Reply<SdkProcess*> connected(int cancel_fd);
  // The same when nothing can be started any more: the one that stands by where the other is in a call.
  Reply<SdkProcess*> connected_after_cancel();
  Reply<Json> connect(SdkProcess& process, std::chrono::milliseconds limit, int cancel_fd);
  Reply<Json> ask(SdkProcess& process, const Json& order, std::int64_t deadline_mono_ms, int cancel_fd);
  Result<std::unique_ptr<SdkProcess>> start(bool stands_by);

  plugin::Host host_;
  Target target_;
  const Config& config_;
  bool is_written_ = false;  // sdk_client.py
  std::unique_ptr<SdkProcess> main_, standby_;
  bool is_main_connected_ = false;
  bool is_standby_connected_ = false;
};

}  // namespace porpoise::openmldb
