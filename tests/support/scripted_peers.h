// What a test's Listener hears, as functions of the test. Unless it says otherwise, everybody may send every frame, and
// nobody is a master.
//
// Owned by the test, and lives as long as the Listener; on its thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "net/listener.h"

namespace porpoise::support {

struct ScriptedPeers final : ListenerEvents {
  std::function<void(const std::shared_ptr<Connection>& connection, wire::Frame frame)> frame;
  std::function<void(Connection::Ending ending, const std::string& text)> ended = {};
  Connection::OnHead head = {};
  std::function<bool(const IpBytes& address)> masters = {};

  void on_frame(const std::shared_ptr<Connection>& connection, wire::Frame whole) override {
    frame(connection, std::move(whole));
  }
  void on_ended(Connection::Ending ending, const std::string& text) override {
    if (ended) ended(ending, text);
  }
  std::optional<wire::FrameLimits> on_head(const std::shared_ptr<Connection>& connection,
                                           const wire::FrameHead& begun) override {
    return head ? head(connection, begun) : wire::FrameLimits{};
  }
  bool is_master(const IpBytes& address) const override { return masters && masters(address); }
};

}  // namespace porpoise::support
