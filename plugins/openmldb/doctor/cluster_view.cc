#include "openmldb/doctor/cluster_view.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "base/network_address.h"
#include "registry/zookeeper_client.h"

namespace porpoise::openmldb {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kSessionTimeout{6000};  // ours lasts as long as the doctor looks

// ZookeeperClient with calls that block.
class Session : ZookeeperListener {
 public:
  Session(ConnectString servers, const std::string& digest, milliseconds limit)
      : give_up_(steady_clock::now() + limit),
        client_(io_, {std::move(servers), kSessionTimeout, digest, std::nullopt}, *this) {}
  ~Session() override { client_.close(); }

  Status connect() {
    run_until([this] { return is_connected_; });
    if (is_connected_) return {};
    return fail(ErrorCode::kUnavailable, problem_.empty() ? "it does not answer" : problem_);
  }

  // Nothing when there is no such node.
  Result<std::optional<std::vector<std::string>>> children(const std::string& path) {
    std::optional<Result<std::vector<std::string>>> answer;
    return ask(answer,
               [&](ZookeeperHandle& handle) {
                 handle.children(path, false, [&answer](auto result) { answer = std::move(result); });
               })
        .map([&]() -> std::optional<std::vector<std::string>> {
          std::sort((*answer)->begin(), (*answer)->end());
          return std::move(**answer);
        })
        .or_else([&](const Error& error) -> Result<std::optional<std::vector<std::string>>> {
          if (error.code() == ErrorCode::kNotFound) return std::nullopt;
          return fail(error);
        });
  }

  Result<std::optional<std::string>> data(const std::string& path) {
    std::optional<Result<std::optional<ZookeeperNode>>> answer;
    PORPOISE_TRY_VOID(ask(answer, [&](ZookeeperHandle& handle) {
      handle.get(path, false, [&answer](auto result) { answer = std::move(result); });
    }));
    return **answer ? std::optional<std::string>((**answer)->data) : std::nullopt;
  }

 private:
  template <typename T, typename Call>
  Status ask(std::optional<Result<T>>& answer, Call call) {
    ZookeeperHandle* const handle = client_.handle();
    if (handle == nullptr) return fail(ErrorCode::kUnavailable, "the connection was lost");
    call(*handle);
    run_until([&] { return answer.has_value(); });
    if (!answer) return fail(ErrorCode::kUnavailable, "it does not answer any more");
    if (!*answer) return fail(answer->error());
    return {};
  }

  template <typename Condition>
  void run_until(Condition is_met) {
    while (!is_met() && steady_clock::now() < give_up_) {
      io_.restart();
      io_.run_one_until(give_up_);
    }
  }

  void on_connected(const ZookeeperSession&) override { is_connected_ = true; }
  void on_disconnected() override { is_connected_ = false; }
  void on_expired() override { is_connected_ = false; }
  void on_attempt_failed(const Error& error) override { problem_ = error.to_string(); }
  void on_changed(const std::string&) override {}
  void on_log(std::string_view) override {}

  steady_clock::time_point give_up_;
  boost::asio::io_context io_;
  bool is_connected_ = false;
  std::string problem_;
  ZookeeperClient client_;
};

// A server may register under a name; the map says where it is, for clients first.
Result<std::string> endpoint_of(Session& session, const std::string& path, std::string name) {
  name = name.substr(0, name.find('#'));
  if (parse_host_port(name)) return name;
  for (const char* const map : {"/map/sdkendpoints/", "/map/names/"}) {
    PORPOISE_TRY(const auto endpoint, session.data(path + map + name));
    if (endpoint) return *endpoint;
  }
  return name;
}

Status read_nameservers(Session& session, const std::string& path, ClusterView& view) {
  PORPOISE_TRY(const auto leaders, session.children(path + "/leader"));
  if (!leaders) return {};
  for (const std::string& child : *leaders) {
    PORPOISE_TRY(const auto endpoint, session.data(std::string(path).append("/leader/").append(child)));
    if (!endpoint) continue;
    PORPOISE_TRY(std::string address, endpoint_of(session, path, *endpoint));
    view.nameservers.push_back(std::move(address));
  }
  return {};
}

Status read_tablets(Session& session, const std::string& path, ClusterView& view) {
  PORPOISE_TRY(const auto nodes, session.children(path + "/nodes"));
  view.exists = nodes.has_value();
  if (!nodes) return {};
  for (const std::string& node : *nodes) {
    PORPOISE_TRY(std::string address, endpoint_of(session, path, node));
    view.tablets.push_back(std::move(address));
  }
  return {};
}

// A wrong path is the most frequent mistake, and the right one is usually near the top.
Status find_others(Session& session, ClusterView& view) {
  constexpr std::size_t kMostLookedAt = 100;
  constexpr std::size_t kMostNamed = 5;
  PORPOISE_TRY(const auto top, session.children("/"));
  if (!top) return {};
  for (std::size_t i = 0; i < std::min(top->size(), kMostLookedAt) && view.others.size() < kMostNamed; ++i) {
    const std::string path = "/" + (*top)[i];
    PORPOISE_TRY(const auto nodes, session.children(path + "/nodes"));
    PORPOISE_TRY(const auto leader, session.children(path + "/leader"));
    if (nodes && leader) view.others.push_back(path);
  }
  return {};
}

}  // namespace

Result<ClusterView> look_at_cluster(std::string_view zk, const std::string& path, const std::string& digest,
                                    milliseconds limit) {
  PORPOISE_TRY(ConnectString servers, parse_connect_string(zk));
  Session session(std::move(servers), digest, limit);
  PORPOISE_TRY_VOID(session.connect());
  ClusterView view;
  PORPOISE_TRY_VOID(read_tablets(session, path, view));
  PORPOISE_TRY_VOID(read_nameservers(session, path, view));
  PORPOISE_TRY(const auto taskmanager, session.data(path + "/taskmanager/leader"));
  view.taskmanager = taskmanager.value_or("");
  view.exists = view.exists || !view.nameservers.empty() || taskmanager;
  PORPOISE_TRY(const auto tables, session.children(path + "/table/db_table_data"));
  view.tables = tables ? tables->size() : 0;
  if (!view.exists) {
    PORPOISE_TRY_VOID(find_others(session, view));
  }
  return view;
}

}  // namespace porpoise::openmldb
