// The keys of `porpoise worker`: one table, from which flags, PORPOISE_… variables, porpoise.yaml, the names of the
// stock worker and `porpoise config show` are derived. Constant; any thread.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/setting_value.h"

namespace porpoise {

// Which part of a HOST:PORT a stock key gives.
enum class Part { kWhole, kHost, kPort };

struct DsKey {
  std::string_view path;  // in application.yaml; the stock worker's environment variables follow from it
  Part part = Part::kWhole;
};

struct Setting {
  std::string_view name;  // "exec-threads", "resources.type"
  std::string_view group;
  std::string_view help;
  SettingValue value;
  std::string_view when_empty = {};       // what it means that there is no value
  std::array<DsKey, 2> application = {};  // an empty path: none
  std::string_view property = {};         // in common.properties
  std::string_view ds_variable = {};      // when it follows from no key of application.yaml
  std::string_view ds_host = {};          // that a bare port of the stock worker is bound to
  bool secret = false;
  bool at_run_time = false;  // a running worker takes a new value over at SIGHUP
};

std::span<const Setting> worker_settings();
const Setting* find_setting(std::string_view name);  // nullptr: there is none

std::string variable_of(const Setting& setting);  // "PORPOISE_RESOURCES_TYPE"
std::string flag_of(const Setting& setting);      // "--resources-type"

// "WORKER_EXEC_THREADS" and, without the dash, "WORKER_EXECTHREADS": Spring Boot's relaxed binding takes both.
std::vector<std::string> ds_variables_of(std::string_view path);

// Keys that Spring Boot takes for the same have the same form: worker.exec-threads, worker.execThreads.
std::string uniform(std::string_view path);

}  // namespace porpoise
