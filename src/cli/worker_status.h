// How a worker is, put together from its parts for those who ask over HTTP. Control thread.
#pragma once

#include "config/worker_config.h"
#include "engine/engine.h"
#include "net/alert_sender.h"
#include "net/listener.h"
#include "net/master_links.h"
#include "observe/http_server.h"
#include "observe/metrics.h"
#include "worker/membership.h"

namespace porpoise {

WorkerGauges levels(const WorkerConfig& config, const Engine& engine, const Membership& membership,
                    const Listener& listener, const MasterLinks& links, const AlertSender& alerts);

HealthReport health(const Engine& engine);

}  // namespace porpoise
