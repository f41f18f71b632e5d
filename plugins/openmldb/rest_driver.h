// The Driver over the REST API of an OpenMLDB APIServer. Lives on the task's run thread.
#pragma once

#include <porpoise/plugin.hpp>

#include <string>

#include "base/json.h"
#include "curl/transfer.h"
#include "openmldb/config.h"
#include "openmldb/driver.h"

namespace porpoise::openmldb {

class RestDriver : public Driver {
 public:
  // `url` without a closing '/'; `config` outlives the driver. The task's deadline comes as a cancel.
  RestDriver(plugin::Host host, std::string url, const Config& config);

  Reply<Table> execute(const Call& call) override;
  Reply<std::optional<std::string>> deployment(std::string_view db, std::string_view name) override;
  Reply<std::vector<std::string>> databases() override;
  void refresh() override;

 private:
  struct Exchange {
    curl::HttpRequest http;
    std::chrono::milliseconds limit{0};
    bool ignores_cancel = false;
  };
  Reply<Json> get(const std::string& path);
  Reply<Json> send(const Exchange& exchange);
  Reply<Json> send_once(const Exchange& exchange);

  plugin::Host host_;
  std::string url_;
  const Config& config_;
  curl::Transfer transfer_;
  curl::Transfer last_words_;  // does not watch the cancel descriptor
};

// Whether `text` can stand in a path of the APIServer, which knows no percent-encoding.
bool is_path_segment(std::string_view text);

}  // namespace porpoise::openmldb
