// DEPLOY that can be run again: compares with the deployment that is there instead of failing on it.
//
// One object per statement, on the task's run thread.
#pragma once

#include <porpoise/plugin.hpp>

#include <optional>
#include <string>

#include "openmldb/driver.h"
#include "openmldb/params.h"

namespace porpoise::openmldb {

class Deploy {
 public:
  Deploy(plugin::Host host, Driver& driver, const Statement& statement, std::string db, OnExists on_exists)
      : host_(host), driver_(driver), statement_(statement), db_(std::move(db)), on_exists_(on_exists) {}

  // The answer of the DEPLOY; an empty table when nothing had to be done.
  plugin::Expected<Table> run();

 private:
  Call make_call(std::string sql) const;
  Reply<Table> send();
  plugin::Expected<Table> create();
  plugin::Expected<Table> meet(const std::string& existing_sql);
  plugin::Expected<Table> replace(const std::string& existing_sql);
  void restore(const std::string& existing_sql);

  plugin::Host host_;
  Driver& driver_;
  const Statement& statement_;
  std::string db_;
  OnExists on_exists_;
};

}  // namespace porpoise::openmldb
