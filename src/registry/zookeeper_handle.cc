#include "registry/zookeeper_handle.h"

#include <zookeeper/zookeeper.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "registry/zookeeper_pump.h"

namespace porpoise {
namespace {

struct Listeners {
  std::mutex mutex;
  std::list<ZookeeperLog::Line> all;
};
Listeners& listeners() {
  static Listeners all;
  return all;
}

void tell(const char* message) {
  const std::string line = strip_log_prefix(message);
  const std::lock_guard lock(listeners().mutex);
  for (const auto& hear : listeners().all) hear(line);
}

}  // namespace

ZookeeperLog::ZookeeperLog(Line line) {
  const std::lock_guard lock(listeners().mutex);
  place_ = listeners().all.insert(listeners().all.end(), std::move(line));
}

ZookeeperLog::~ZookeeperLog() {
  const std::lock_guard lock(listeners().mutex);
  listeners().all.erase(place_);
}

void (*ZookeeperLog::callback())(const char*) { return &tell; }

std::string strip_log_prefix(std::string_view message) {
  const auto level = message.find("ZOO_");
  const auto end = level == std::string_view::npos ? level : message.find(": ", level);
  std::string_view text = end == std::string_view::npos ? message : message.substr(end + 2);
  while (text.ends_with('\n')) text.remove_suffix(1);
  return std::string(text);
}

std::string connection_problem(std::string_view line) {
  constexpr std::string_view kSocket = "Socket ";
  if (!line.starts_with(kSocket)) return {};
  const auto server_end = line.find(" zk retcode=");
  const auto number = line.find("errno=");
  if (server_end == std::string_view::npos || number == std::string_view::npos) return {};
  const auto open = line.find('(', number);
  const auto close = line.find("): ", number);
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return {};
  if (line.find("has expired", close) != std::string_view::npos) return {};  // that server answered
  return std::string(line.substr(kSocket.size(), server_end - kSocket.size())) + ": " +
         std::string(line.substr(open + 1, close - open - 1));
}

namespace {

namespace asio = boost::asio;

// A node is an address and a heartbeat or a list of servers; ZooKeeper itself refuses more than 1 MiB.
constexpr std::size_t kMaxDataBytes = 1U << 20U;

struct Reply {
  int code = ZOK;
  ZookeeperNode node;
  std::vector<std::string> children;
  bool open_to_all = false;
};

Error to_error(int code, const std::string& action) {
  const std::string message = "cannot " + action + ": " + ::zerror(code);
  switch (code) {
    case ZNOAUTH:
    case ZAUTHFAILED:
    case ZINVALIDACL: return {ErrorCode::kDenied, message};
    case ZNONODE: return {ErrorCode::kNotFound, message};
    case ZCONNECTIONLOSS:
    case ZOPERATIONTIMEOUT:
    case ZSESSIONEXPIRED:
    case ZSESSIONMOVED:
    case ZINVALIDSTATE:
    case ZCLOSING:
    case ZTHROTTLEDOP:
    case ZNOTREADONLY: return {ErrorCode::kUnavailable, message};
    default: return {ErrorCode::kInvalid, message};
  }
}

ZookeeperNode to_node(const Stat& stat) {
  ZookeeperNode node;
  node.version = stat.version;
  node.created_zxid = stat.czxid;
  node.modified_zxid = stat.mzxid;
  node.modified_ms = stat.mtime;
  node.ephemeral_owner = stat.ephemeralOwner;
  return node;
}

}  // namespace

bool is_ephemeral(const ZookeeperNode& node) {
  constexpr std::uint64_t kContainer = 1ULL << 63U;
  constexpr unsigned kTimeToLive = 0xFF;  // the first byte, in servers that have such nodes
  const auto owner = static_cast<std::uint64_t>(node.ephemeral_owner);
  return owner != 0 && owner != kContainer && owner >> 56U != kTimeToLive;
}

class ZookeeperHandle::Impl : public std::enable_shared_from_this<ZookeeperHandle::Impl> {
 public:
  // What the C library hands back with a reply. Lives in calls_ until the reply was taken or the handle is closed.
  struct Call {
    Impl* owner;
    std::function<void(Reply)> done;
  };

  Impl(asio::io_context& io, Events events, std::string digest)
      : io_(io), events_(std::move(events)), digest_(std::move(digest)) {}

  Status open(const Options& options) {
    log_.emplace(
        [this](std::string line) { post([line = std::move(line)](Impl& self) { self.events_.on_log(line); }); });
    clientid_t client{};
    if (options.resume) {
      client.client_id = options.resume->id;
      std::copy(options.resume->password.begin(), options.resume->password.end(), client.passwd);
    }
    zhandle_t* const handle =
        ::zookeeper_init2(options.servers.c_str(), &Impl::on_event, static_cast<int>(options.session_timeout.count()),
                          options.resume ? &client : nullptr, this, ZOO_NO_LOG_CLIENTENV, ZookeeperLog::callback());
    if (handle == nullptr) return fail_errno("cannot make a ZooKeeper client for " + options.servers, errno);
    if (!digest_.empty())  // sent after each connect
      ::zoo_add_auth(handle, "digest", digest_.data(), static_cast<int>(digest_.size()), nullptr, nullptr);
    PORPOISE_TRY(pump_, ZookeeperPump::start(io_, handle));
    return {};
  }

  void end(ZookeeperPump::Ending ending) {
    ended_ = true;
    if (pump_) pump_->stop(ending);
    log_.reset();
  }

  std::string server() const {
    std::string text = pump_->handle() != nullptr ? ::zoo_get_current_server(pump_->handle()) : "";
    std::erase_if(text, [](char c) { return c == '[' || c == ']'; });  // of IPv6; they are not in Options either
    return text;
  }

  const ACL_vector* acl() const { return digest_.empty() ? &ZOO_OPEN_ACL_UNSAFE : &ZOO_CREATOR_ALL_ACL; }

  // `start` calls a zoo_a… function with the handle and the context for its completion.
  template <typename Start>
  void call(std::function<void(Reply)> done, const Start& start) {
    auto owned = std::make_unique<Call>(Call{this, std::move(done)});
    const Call* const key = owned.get();
    calls_.emplace(key, std::move(owned));
    zhandle_t* const handle = pump_->handle();
    const int code = handle == nullptr ? static_cast<int>(ZINVALIDSTATE) : start(handle, key);
    if (code != ZOK) return answer(*key, Reply{code, {}, {}, false});
    pump_->step();
  }

  static void on_void(int code, const void* data) {
    answer(*static_cast<const Call*>(data), Reply{code, {}, {}, false});
  }
  static void on_string(int code, const char*, const void* data) { on_void(code, data); }
  static void on_stat(int code, const Stat* stat, const void* data) {
    answer(*static_cast<const Call*>(data), Reply{code, stat != nullptr ? to_node(*stat) : ZookeeperNode{}, {}, false});
  }
  static void on_data(int code, const char* value, int size, const Stat* stat, const void* data) {
    Reply reply{code, stat != nullptr ? to_node(*stat) : ZookeeperNode{}, {}, false};
    if (value != nullptr && size > 0) reply.node.data.assign(value, static_cast<std::size_t>(size));  // -1: null
    answer(*static_cast<const Call*>(data), std::move(reply));
  }
  static void on_acl(int code, ACL_vector* acl, Stat*, const void* data) {
    Reply reply{code, {}, {}, false};
    for (std::int32_t i = 0; acl != nullptr && i < acl->count; ++i) {
      const ACL& entry = acl->data[i];
      reply.open_to_all |= std::strcmp(entry.id.scheme, "world") == 0 && (entry.perms & ZOO_PERM_CREATE) != 0;
    }
    answer(*static_cast<const Call*>(data), std::move(reply));
  }
  static void on_strings(int code, const String_vector* strings, const void* data) {
    Reply reply{code, {}, {}};
    for (std::int32_t i = 0; strings != nullptr && i < strings->count; ++i)
      reply.children.emplace_back(strings->data[i]);
    answer(*static_cast<const Call*>(data), std::move(reply));
  }

 private:
  template <typename Action>
  void post(Action action) {
    asio::post(io_, [weak = weak_from_this(), action = std::move(action)]() mutable {
      const auto self = weak.lock();
      if (self && !self->ended_) action(*self);
    });
  }

  static void answer(const Call& call, Reply reply) {
    call.owner->post([key = &call, reply = std::move(reply)](Impl& self) mutable {
      const auto node = self.calls_.extract(key);
      if (node) node.mapped()->done(std::move(reply));
    });
  }

  // What belongs to this moment is copied here.
  static void on_event(zhandle_t* handle, int type, int state, const char* path, void* context) {
    auto* self = static_cast<Impl*>(context);
    if (type != ZOO_SESSION_EVENT) {
      if (path != nullptr && type != ZOO_NOTWATCHING_EVENT)
        self->post([name = std::string(path)](Impl& impl) { impl.events_.on_changed(name); });
      return;
    }
    ZookeeperSession session;
    const clientid_t* client = ::zoo_client_id(handle);
    session.id = client->client_id;
    std::copy(std::begin(client->passwd), std::end(client->passwd), session.password.begin());
    session.timeout = std::chrono::milliseconds(::zoo_recv_timeout(handle));
    self->post([state, session](Impl& impl) { impl.change(state, session); });
  }

  void change(int state, const ZookeeperSession& session) {
    if (state == ZOO_CONNECTED_STATE) {
      events_.on_state(State::kConnected, session);
    } else if (state == ZOO_EXPIRED_SESSION_STATE) {
      events_.on_state(State::kExpired, session);
    } else if (state == ZOO_AUTH_FAILED_STATE) {
      events_.on_state(State::kAuthFailed, session);
    } else {
      events_.on_state(State::kDisconnected, session);
    }
  }

  asio::io_context& io_;
  const Events events_;
  const std::string digest_;
  std::optional<ZookeeperLog> log_;
  std::shared_ptr<ZookeeperPump> pump_;
  std::unordered_map<const Call*, std::unique_ptr<Call>> calls_;
  bool ended_ = false;
};

Result<std::unique_ptr<ZookeeperHandle>> ZookeeperHandle::open(asio::io_context& io, const Options& options,
                                                               Events events) {
  auto impl = std::make_shared<Impl>(io, std::move(events), options.digest);
  if (auto opened = impl->open(options); !opened) {
    impl->end(ZookeeperPump::Ending::kLetGo);
    return fail(std::move(opened).error());
  }
  return std::unique_ptr<ZookeeperHandle>(new ZookeeperHandle(std::move(impl)));
}

ZookeeperHandle::~ZookeeperHandle() { impl_->end(ZookeeperPump::Ending::kLetGo); }
void ZookeeperHandle::close() { impl_->end(ZookeeperPump::Ending::kCloseSession); }

std::string ZookeeperHandle::server() const { return impl_->server(); }

void ZookeeperHandle::get(const std::string& path, bool watch, Handler<std::optional<ZookeeperNode>> handler) {
  auto done = [path, handler = std::move(handler)](Reply reply) {
    if (reply.code == ZNONODE) return handler(std::nullopt);
    if (reply.code != ZOK) return handler(fail(to_error(reply.code, "read " + path)));
    handler(std::optional(std::move(reply.node)));
  };
  impl_->call(std::move(done), [&](zhandle_t* handle, const void* context) {
    return ::zoo_aget(handle, path.c_str(), watch ? 1 : 0, &Impl::on_data, context);
  });
}

void ZookeeperHandle::look(const std::string& path, Handler<std::optional<ZookeeperNode>> handler) {
  auto done = [path, handler = std::move(handler)](Reply reply) {
    if (reply.code == ZNONODE) return handler(std::nullopt);
    if (reply.code != ZOK) return handler(fail(to_error(reply.code, "look at " + path)));
    handler(std::optional(std::move(reply.node)));
  };
  impl_->call(std::move(done), [&](zhandle_t* handle, const void* context) {
    return ::zoo_aexists(handle, path.c_str(), 0, &Impl::on_stat, context);
  });
}

void ZookeeperHandle::is_open(const std::string& path, Handler<bool> handler) {
  auto done = [path, handler = std::move(handler)](const Reply& reply) {
    if (reply.code != ZOK) return handler(fail(to_error(reply.code, "read the ACL of " + path)));
    handler(reply.open_to_all);
  };
  impl_->call(std::move(done), [&](zhandle_t* handle, const void* context) {
    return ::zoo_aget_acl(handle, path.c_str(), &Impl::on_acl, context);
  });
}

void ZookeeperHandle::children(const std::string& path, bool watch, Handler<std::vector<std::string>> handler) {
  auto done = [path, handler = std::move(handler)](Reply reply) {
    if (reply.code != ZOK) return handler(fail(to_error(reply.code, "list " + path)));
    handler(std::move(reply.children));
  };
  impl_->call(std::move(done), [&](zhandle_t* handle, const void* context) {
    return ::zoo_aget_children(handle, path.c_str(), watch ? 1 : 0, &Impl::on_strings, context);
  });
}

void ZookeeperHandle::create(const std::string& path, const std::string& data, NodeMode mode, Handler<bool> handler) {
  auto done = [path, handler = std::move(handler)](const Reply& reply) {
    if (reply.code == ZNODEEXISTS) return handler(false);
    if (reply.code != ZOK) return handler(fail(to_error(reply.code, "create " + path)));
    handler(true);
  };
  impl_->call(std::move(done), [&](zhandle_t* handle, const void* context) {
    if (data.size() > kMaxDataBytes) return static_cast<int>(ZBADARGUMENTS);
    return ::zoo_acreate(handle, path.c_str(), data.data(), static_cast<int>(data.size()), impl_->acl(),
                         mode == NodeMode::kEphemeral ? ZOO_EPHEMERAL : ZOO_PERSISTENT, &Impl::on_string, context);
  });
}

void ZookeeperHandle::set(const std::string& path, const std::string& data, std::int32_t version,
                          Handler<std::optional<std::int32_t>> handler) {
  auto done = [path, handler = std::move(handler)](const Reply& reply) {
    if (reply.code == ZNONODE || reply.code == ZBADVERSION) return handler(std::nullopt);
    if (reply.code != ZOK) return handler(fail(to_error(reply.code, "write " + path)));
    handler(std::optional(reply.node.version));
  };
  impl_->call(std::move(done), [&](zhandle_t* handle, const void* context) {
    if (data.size() > kMaxDataBytes) return static_cast<int>(ZBADARGUMENTS);
    return ::zoo_aset(handle, path.c_str(), data.data(), static_cast<int>(data.size()), version, &Impl::on_stat,
                      context);
  });
}

void ZookeeperHandle::remove(const std::string& path, std::int32_t version, Handler<bool> handler) {
  auto done = [path, handler = std::move(handler)](const Reply& reply) {
    if (reply.code == ZBADVERSION) return handler(false);
    if (reply.code != ZOK && reply.code != ZNONODE) return handler(fail(to_error(reply.code, "remove " + path)));
    handler(true);
  };
  impl_->call(std::move(done), [&](zhandle_t* handle, const void* context) {
    return ::zoo_adelete(handle, path.c_str(), version, &Impl::on_void, context);
  });
}

}  // namespace porpoise
