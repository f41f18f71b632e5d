#include "worker/peer_authorizer.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

#include "base/network_address.h"
#include "base/resolve.h"
#include "net/connection.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

bool is_same(const HostPort& left, const HostPort& right) { return left.host == right.host && left.port == right.port; }

tl::unexpected<Error> refusal() { return fail(ErrorCode::kDenied, "no master is registered with this address"); }

}  // namespace

PeerAuthorizer::PeerAuthorizer(asio::io_context& io, AddressRanges named, GateLimits limits)
    : io_(io), named_(std::move(named)), limits_(limits), resolver_(io), timer_(io) {}

void PeerAuthorizer::set_named(AddressRanges named) {
  named_ = std::move(named);
  release();
}

void PeerAuthorizer::set_registered(const std::vector<std::string>& masters) {
  masters_.clear();
  names_.clear();
  ends_.clear();
  for (const std::string& master : masters) {
    const auto parsed = parse_host_port(master);
    if (!parsed) continue;  // not a master's node; masters check their own
    if (const auto address = parse_ip(parsed->host))
      add({*address, parsed->port});
    else
      names_.push_back(*parsed);
  }
  resolve_names();
  release();
}

void PeerAuthorizer::add(const SocketEnd& master) {
  masters_.insert(master.address);
  const bool known = std::any_of(ends_.begin(), ends_.end(), [&](const SocketEnd& end) {
    return end.address == master.address && end.port == master.port;
  });
  if (!known) ends_.push_back(master);
}

// One name after the other; what a name meant before stays until the list of masters changes.
void PeerAuthorizer::resolve_names() {
  if (names_.empty() || std::exchange(resolving_, true)) return;
  auto next = std::make_shared<std::function<void(std::size_t)>>();
  *next = [this, weak = std::weak_ptr(next), names = names_](std::size_t index) {
    if (index == names.size()) {
      resolving_ = false;
      if (!std::equal(names.begin(), names.end(), names_.begin(), names_.end(), is_same)) resolve_names();
      return;
    }
    const auto take = [this, self = weak.lock(), index, name = names[index]](const auto& problem, const auto& found) {
      if (problem == asio::error::operation_aborted) return;  // we are gone
      const bool still_registered =
          std::any_of(names_.begin(), names_.end(), [&](const HostPort& one) { return is_same(one, name); });
      for (const auto& entry : found)
        if (still_registered) add({ip_bytes(entry.endpoint().address()), name.port});
      release();
      (*self)(index + 1);
    };
    resolve_name(resolver_, names[index].host, "", take);
  };
  (*next)(0);
}

void PeerAuthorizer::ask(const IpBytes& peer, Answer answer) {
  if (knows(peer)) return asio::post(io_, [answer = std::move(answer)] { answer({}); });
  if (waiting_.size() >= limits_.max_waiting)
    return asio::post(io_, [answer = std::move(answer)] { answer(refusal()); });
  waiting_.push_back({peer, std::move(answer), steady_clock::now() + limits_.patience});
  if (waiting_.size() == 1) arm();
  resolve_names();
}

void PeerAuthorizer::release() {
  std::deque<Waiting> known, others;
  for (Waiting& one : waiting_) (knows(one.peer) ? known : others).push_back(std::move(one));
  waiting_ = std::move(others);
  for (Waiting& one : known) asio::post(io_, [answer = std::move(one.answer)] { answer({}); });
}

void PeerAuthorizer::arm() {
  if (waiting_.empty()) return;
  timer_.expires_at(waiting_.front().until);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) refuse_overdue();
  });
}

void PeerAuthorizer::refuse_overdue() {
  while (!waiting_.empty() && waiting_.front().until <= steady_clock::now()) {
    const Waiting late = std::move(waiting_.front());
    waiting_.pop_front();
    late.answer(refusal());
  }
  arm();
}

}  // namespace porpoise
