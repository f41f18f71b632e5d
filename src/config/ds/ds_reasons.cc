#include "config/ds/ds_reasons.h"

#include "config/settings_table.h"

namespace porpoise {
namespace {

struct Reason {
  std::string_view prefix;  // of a key in its uniform form
  std::string_view text;
};

constexpr std::string_view kNoDatabase = "porpoise needs no database";
constexpr std::string_view kSpring = "of the Java server's framework";
constexpr std::string_view kReconnects = "porpoise goes on trying to connect";
constexpr std::string_view kKerberos = "Kerberos is not supported";
constexpr std::string_view kOss = "OSS is not supported";
constexpr std::string_view kYarn = "porpoise does not ask YARN";
constexpr std::string_view kTaskType = "of a task type that porpoise does not have";

// The first that fits counts.
constexpr Reason kReasons[] = {
    {"spring.datasource", kNoDatabase},
    {"spring.sql", kNoDatabase},
    {"spring.jackson", "set time-zone or SPRING_JACKSON_TIME_ZONE; the format of dates is fixed"},
    {"spring", kSpring},
    {"registry.zookeeper.retrypolicy", kReconnects},
    {"registry.zookeeper.connectiontimeout", kReconnects},
    {"registry.zookeeper.blockuntilconnected", kReconnects},
    {"worker.registrydisconnectstrategy",
     "no equivalent: tasks go on until the session has expired, then on-session-expired decides"},
    {"worker.tenantdistributeduser", "tenants of LDAP and SSSD are found in any case"},
    {"worker.groups", "worker groups are kept by the masters since 3.1.1"},
    {"server", "of the Java web server"},
    {"management", "health and metrics are always served at http"},
    {"metrics", "health and metrics are always served at http"},
    {"master", "of another server"},
    {"alert.rpc.port", "alert-server says where the alert server is"},
    {"resource.alibaba", kOss},
    {"hadoop.security", kKerberos},
    {"java.security.krb5", kKerberos},
    {"login.user.keytab", kKerberos},
    {"kerberos", kKerberos},
    {"yarn", kYarn},
    {"resource.manager.httpaddress", kYarn},
    {"datasource.encryption", "porpoise reads no data source passwords"},
    {"support.hive", kTaskType},
    {"dataquality", kTaskType},
    {"conda", kTaskType},
    {"ml", kTaskType},
    {"settaskdirtotenant.enable", "a working directory always belongs to its tenant"},
    {"task.resource.limit", "limits of a task's CPU and memory are not supported"},
    {"dolphin.scheduler.network", "set advertise-address when the address found out is not the right one"},
};

bool is_below(std::string_view key, std::string_view prefix) {
  return key.starts_with(prefix) && (key.size() == prefix.size() || key[prefix.size()] == '.');
}

std::string without_dots(std::string_view text) {
  std::string result;
  for (const char c : text)
    if (c != '.') result += c;
  return result;
}

}  // namespace

std::string_view reason_to_ignore(std::string_view key) {
  const std::string form = uniform(key);
  for (const auto& [prefix, text] : kReasons)
    if (is_below(form, prefix)) return text;
  return {};
}

bool is_stock_variable(std::string_view name) {
  for (const std::string_view prefix : {"SPRING_", "REGISTRY_", "WORKER_", "MASTER_"})
    if (name.starts_with(prefix)) return true;
  return name == "DATABASE";
}

std::string_view reason_to_ignore_variable(std::string_view name) {
  if (name == "DATABASE") return kNoDatabase;
  const std::string form = uniform(name);  // neither dots nor dashes are left
  for (const auto& [prefix, text] : kReasons)
    if (form.starts_with(without_dots(prefix))) return text;
  return {};
}

}  // namespace porpoise
