#include "resource/fetch.h"

#include <thread>

#include "base/clock.h"
#include "resource/download.h"

namespace porpoise {
namespace {

bool may_go_away(const Error& error) {
  return error.code() == ErrorCode::kUnavailable || error.code() == ErrorCode::kTimeout;
}

class Fetch {
 public:
  Fetch(const ResourceOrder& order, int work_directory, const FetchLimits& limits, FetchListener& listener)
      : order_(order), work_directory_(work_directory), limits_(limits), listener_(listener) {}

  Status run() {
    PORPOISE_TRY(storage_, Storage::open(order_.storage, limits_.download));
    for (const ResourceFile& file : order_.files) {
      const Status fetched = fetch(file);
      if (!fetched)
        return fail(fetched.error().wrap("cannot fetch resource " + file.name + " from " + storage_->place(file.path)));
    }
    return {};
  }

 private:
  Status fetch(const ResourceFile& file) {
    listener_.on_begin(file);
    const auto began = std::chrono::steady_clock::now();
    PORPOISE_TRY(const std::string path, resource_target(file.name));
    PORPOISE_TRY(TargetFile target, TargetFile::create(work_directory_, path));
    PORPOISE_TRY_VOID(fill(target, file.path));
    PORPOISE_TRY_VOID(target.commit());
    total_ += target.size();
    const auto took = std::chrono::steady_clock::now() - began;
    listener_.on_fetched(file, {target.size(), std::chrono::duration_cast<std::chrono::milliseconds>(took)});
    return {};
  }

  Status fill(TargetFile& target, const std::string& path) {
    auto pause = limits_.pause;
    for (int tries = 1;; ++tries, pause *= 2) {
      Status done = storage_->fetch(path, [&](std::string_view bytes) { return take(target, bytes); });
      if (done || !may_go_away(done.error())) return done;
      if (tries == limits_.tries)
        return fail(
            Error(done.error().code(), done.error().message() + ", the last of " + std::to_string(tries) + " tries"));
      listener_.on_retry(storage_->place(path) + ": " + done.error().to_string() + "; trying again in " +
                         in_seconds(pause));
      std::this_thread::sleep_for(pause);
      PORPOISE_TRY_VOID(target.start_again());
    }
  }

  Status take(TargetFile& target, std::string_view bytes) const {
    if (bytes.size() > order_.max_bytes - total_ - target.size())
      return fail(ErrorCode::kInvalid, "a task may have " + std::to_string(order_.max_bytes) +
                                           " bytes of resources (resources.max-gib), and with this one it has more");
    return target.write(bytes);
  }

  const ResourceOrder& order_;
  const int work_directory_;
  const FetchLimits& limits_;
  FetchListener& listener_;
  std::unique_ptr<Storage> storage_;
  std::uint64_t total_ = 0;
};

}  // namespace

Status fetch_all(const ResourceOrder& order, int work_directory, const FetchLimits& limits, FetchListener& listener) {
  return Fetch(order, work_directory, limits, listener).run();
}

}  // namespace porpoise
