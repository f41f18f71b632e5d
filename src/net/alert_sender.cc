#include "net/alert_sender.h"

#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "net/connection.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

}  // namespace

// One alert. Its owner and its pending operations keep it alive.
class AlertSender::Call : public std::enable_shared_from_this<Call> {
 public:
  Call(AlertSender& sender, std::int64_t task_instance_id, const wire::Alert& alert)
      : sender_(&sender),
        task_instance_id_(task_instance_id),
        title_(alert.title),
        frame_(sender.profile_.encode(alert, sender.next_opaque_++)),
        limit_(sender.io_) {}

  void start() {
    limit_.expires_after(sender_->options_.limit);
    limit_.async_wait([weak = weak_from_this()](const error_code& problem) {
      if (const auto self = weak.lock(); self && !problem) self->end("it has not answered in time");
    });
    dial_ = Connector::start(sender_->io_, sender_->options_.server,
                             [self = shared_from_this()](Result<tcp::socket> socket) {
                               if (!socket) return self->end(socket.error().to_string());
                               self->ask(*std::move(socket));
                             });
  }

  // The owner is gone: there is no one to report to.
  void abandon() {
    sender_ = nullptr;
    close();
  }

 private:
  void ask(tcp::socket socket) {
    if (sender_ == nullptr) return;
    Connection::Events events;
    events.on_frame = [weak = weak_from_this()](const auto&, const wire::Frame& frame) {
      if (const auto self = weak.lock()) self->take(frame);
    };
    events.on_closed = [weak = weak_from_this()](const auto&, Connection::Ending, const std::string& why) {
      if (const auto self = weak.lock()) self->end(why.empty() ? "it closed the connection without an answer" : why);
    };
    connection_ = Connection::make(std::move(socket), 0, std::move(events));
    connection_->start();
    connection_->send(wire::encode(frame_));
  }

  void take(const wire::Frame& frame) {
    if (sender_ == nullptr || frame.opaque != frame_.opaque) return;
    const auto message = sender_->profile_.decode(frame);
    if (!message) return end(message.error().to_string());
    const auto* const answer = std::get_if<wire::AlertAnswer>(&*message);
    if (answer == nullptr) return;
    sender_->events_.on_answer(task_instance_id_);
    end(answer->success ? "" : "it could not: " + answer->message);
  }

  // An empty text: it was sent.
  void end(const std::string& why) {
    AlertSender* const sender = std::exchange(sender_, nullptr);
    if (sender == nullptr) return;
    const auto self = shared_from_this();
    close();
    sender->calls_.erase(self);
    if (!why.empty())
      sender->events_.on_problem("alert \"" + title_ + "\" was not sent by the alert server at " +
                                 sender->options_.server + " (alert-server): " + why);
  }

  void close() {
    limit_.cancel();
    if (dial_) dial_->cancel();
    if (const auto connection = std::exchange(connection_, nullptr)) connection->close("");
  }

  AlertSender* sender_;
  const std::int64_t task_instance_id_;
  const std::string title_;
  const wire::Frame frame_;
  std::shared_ptr<Connector> dial_;
  asio::steady_timer limit_;
  std::shared_ptr<Connection> connection_;
};

AlertSender::AlertSender(asio::io_context& io, AlertOptions options, const wire::Profile& profile, AlertEvents& events)
    : io_(io), options_(std::move(options)), profile_(profile), events_(events) {}

AlertSender::~AlertSender() {
  for (const auto& call : std::exchange(calls_, {})) call->abandon();
}

void AlertSender::send(std::int64_t task_instance_id, const wire::Alert& alert) {
  if (calls_.size() >= options_.max_at_once)
    return events_.on_problem("alert \"" + alert.title + "\" is dropped: " + std::to_string(calls_.size()) +
                              " others wait for the alert server at " + options_.server + " (alert-server)");
  const auto call = *calls_.insert(std::make_shared<Call>(*this, task_instance_id, alert)).first;
  call->start();
}

}  // namespace porpoise
