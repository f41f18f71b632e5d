// Health, metrics, status and tasks over HTTP: what is asked, and who answers.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace porpoise {

// Whether the worker is well, and what is wrong if not, in the shape that Spring Boot's actuator gives it. Values;
// pure.
struct HealthComponent {
  std::string name;  // "registered", "stateDirWritable"
  bool up = true;
  std::string reason = {};  // why it is down, or a remark
  bool vital = false;       // while it is down, only a restart helps: it also decides about liveness
};

struct HealthReport {
  std::vector<HealthComponent> components;
};

enum class HealthGroup { kAll, kLiveness, kReadiness };

struct HealthAnswer {
  bool up = true;
  std::string json;  // {"status":"UP","components":{…}}
};

// The worst component of the group decides: vital ones about liveness, each about readiness and the whole.
HealthAnswer render_health(const HealthReport& report, HealthGroup group);

// GET and HEAD of a handful of paths, nothing that holds a secret or changes anything (CVE-2025-62188: the Java worker
// gave its heap and configuration to every client).
//
//   /                                                 a page of status and tasks (observe/page.h)
//   /v1/status   /v1/tasks                            the same as JSON (control/view.h)
//   /actuator/health                                  everything that is known
//   /actuator/health/liveness    /liveness /healthz   no restart would help
//   /actuator/health/readiness   /readiness /readyz   tasks may come
//   /actuator/prometheus         /metrics
//
// Owned by Daemon; lives on the thread that runs the io_context, which must outlive it. The pages are asked for there,
// so an answer also says that the loop turns.
struct HttpPages {
  std::function<HealthReport()> health;
  std::function<std::string()> metrics;
  std::function<std::string()> status = {};  // none: neither these two nor the page
  std::function<std::string()> tasks = {};
};

// The text of `make`, made again when it is older than `age`, and than twenty times what it took to make: however many
// ask, and however much there is to show, it takes a twentieth of the loop at most.
std::function<std::string()> kept(std::chrono::milliseconds age, std::function<std::string()> make);

struct HttpLimits {
  std::chrono::milliseconds deadline{10000};  // of a whole connection; a scrape takes milliseconds
  std::size_t max_connections = 32;           // more are closed at once; a scraper and two probes need three
  std::uint32_t max_header_bytes = 8U << 10U;
};

class HttpServer {
 public:
  // `address`: HOST:PORT, [IPv6]:PORT; an empty host is 127.0.0.1, port 0 any free one. Errors name the address.
  static Result<std::unique_ptr<HttpServer>> start(boost::asio::io_context& io, const std::string& address,
                                                   HttpPages pages, HttpLimits limits = {});
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();  // closes every connection; the pages are not asked for any more

  std::uint16_t port() const;

 private:
  class Impl;
  explicit HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;  // shared with its connections
};

}  // namespace porpoise
