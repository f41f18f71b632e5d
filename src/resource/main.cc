// porpoise-fetch: puts the resources of one task into its working directory. Started by porpoise-host, not by people.
//
// In: the order (task/resource_order.h) on standard input, never in argv or environment, as it may hold a secret; the
// working directory as the current one; on descriptor 3 the channel to the supervisor. Out: log, progress, what was
// fetched, and one outcome. It never opens what the tenant could have turned elsewhere, as it may run as root.
#include <fcntl.h>
#include <porpoise/plugin.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/exhaustion.h"
#include "base/file.h"
#include "process/confinement.h"
#include "resource/fetch.h"
#include "taskdir/task_log.h"
#include "taskhost/channel.h"
#include "taskhost/limits.h"

namespace porpoise {
namespace {

constexpr int kChannelFd = 3;

// 12345678 as "12,345,678".
std::string with_commas(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

class Reporter final : public FetchListener {
 public:
  explicit Reporter(const Channel& channel) : channel_(channel) {}

  void on_begin(const ResourceFile& file) override {
    channel_.send({.kind = PacketKind::kProgress, .number = -1, .first = "fetching " + file.name});
  }
  void on_retry(const std::string& why) override { log(LogLevel::kWarn, why); }
  void on_fetched(const ResourceFile& file, const FetchedResource& fetched) override {
    log(LogLevel::kInfo,
        "fetched " + file.name + ", " + with_commas(fetched.bytes) + " bytes, " + in_seconds(fetched.took));
    channel_.send({.kind = PacketKind::kFetched,
                   .number = static_cast<std::int32_t>(fetched.took.count()),
                   .first = std::to_string(fetched.bytes)});
  }

 private:
  void log(LogLevel level, const std::string& text) const {
    channel_.send({.kind = PacketKind::kLog, .number = static_cast<std::int32_t>(level), .first = text});
  }

  const Channel& channel_;
};

Status fetch_ordered(const Channel& channel) {
  PORPOISE_TRY(const std::string text, read_descriptor(STDIN_FILENO, kMaxOrderBytes, "the order of resources"));
  PORPOISE_TRY(const Json json, parse_json(text));
  PORPOISE_TRY(const ResourceOrder order, resource_order_from_json(json));
  const UniqueFd folder(::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return fail_errno("cannot open the working directory", errno);
  Reporter reporter(channel);
  return fetch_all(order, folder.get(), {}, reporter);
}

}  // namespace
}  // namespace porpoise

int main(int argc, char** /*argv*/) {
  using namespace porpoise;
  struct stat info {};
  if (argc != 1 || ::fstat(kChannelFd, &info) != 0 || !S_ISSOCK(info.st_mode)) {
    std::fputs("porpoise-fetch is started by porpoise-host, for a task that has resources.\n", stderr);
    return 2;
  }
  close_to_others();  // the memory has a secret in it, and without tenants the task is of the same user
  Channel channel(UniqueFd(kChannelFd), kMaxOrderPacketBytes);
  // Told to end, or the supervisor is gone: at once, whatever hangs.
  const auto listen = [&channel] {
    while (const auto packet = channel.receive(true))
      if (packet->kind == PacketKind::kCancel) break;
    ::_exit(1);
  };
  Status done = caught("cannot fetch resources", [&] { return std::thread(listen).detach(), Status(); });
  if (done) done = caught("cannot fetch resources", [&] { return fetch_ordered(channel); });
  channel.send({.kind = PacketKind::kOutcome,
                .number = done ? PORPOISE_OK : PORPOISE_FAILED,
                .code = done ? 0 : -1,
                .first = done ? std::string() : done.error().to_string()});
  ::_exit(0);
}
