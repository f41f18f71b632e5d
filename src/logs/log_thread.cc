#include "logs/log_thread.h"

#include <mutex>
#include <utility>
#include <vector>

namespace porpoise {
namespace {

constexpr BlockingCallLimits limits(std::chrono::milliseconds limit) {
  // One at a time: an answer may take 100 MiB while it is made.
  return {.threads = 1, .max_hung = 8, .max_wait = limit, .last_wait = std::chrono::milliseconds(1000)};
}

struct Answer {
  std::string frame;
  std::vector<Error> problems;
};

}  // namespace

// The log service for one call at a time. A call that hangs keeps the one it has; the next call opens another.
class LogThread::Readers {
 public:
  struct Reader {
    explicit Reader(LogRoot root) : service(std::move(root), [this](const Error& one) { problems.push_back(one); }) {}

    std::vector<Error> problems;  // of the request in hand
    LogService service;
  };

  explicit Readers(LogRoot root) : folder_(root.folder()), idle_(std::make_unique<Reader>(std::move(root))) {}

  Result<std::unique_ptr<Reader>> take() {
    {
      const std::lock_guard lock(mutex_);
      if (idle_) return std::move(idle_);
    }
    PORPOISE_TRY(LogRoot root, LogRoot::open(folder_));
    return std::make_unique<Reader>(std::move(root));
  }

  void give_back(std::unique_ptr<Reader> reader) {
    const std::lock_guard lock(mutex_);
    idle_ = std::move(reader);
  }

 private:
  const std::string folder_;
  std::mutex mutex_;
  std::unique_ptr<Reader> idle_;
};

LogThread::LogThread(boost::asio::io_context& control, LogRoot root, std::shared_ptr<const wire::Profile> profile,
                     LogService::Report on_problem, std::chrono::milliseconds limit)
    : readers_(std::make_shared<Readers>(std::move(root))),
      profile_(std::move(profile)),
      on_problem_(std::move(on_problem)),
      limit_(limit),
      calls_(control, limits(limit)) {}

LogThread::~LogThread() = default;

void LogThread::ask(LogRequest request, std::int64_t opaque, std::function<void(std::string frame)> on_answer) {
  const auto kept = std::make_shared<const LogRequest>(std::move(request));
  calls_.call(
      "a request for a log", limit_,
      [readers = readers_, profile = profile_, kept, opaque]() -> Result<Answer> {
        PORPOISE_TRY(auto reader, readers->take());
        const wire::Outgoing outgoing = std::visit([&](const auto& r) { return reader->service.answer(r); }, *kept);
        Answer answer{wire::encode(profile->encode(outgoing, opaque)), std::exchange(reader->problems, {})};
        readers->give_back(std::move(reader));
        return answer;
      },
      [this, kept, opaque, on_answer = std::move(on_answer)](Result<Answer> answer) {
        const std::vector<Error> problems = answer ? std::move(answer->problems) : std::vector{answer.error()};
        for (const Error& problem : problems)
          if (on_problem_) on_problem_(problem);
        if (answer) return on_answer(std::move(answer->frame));
        const auto unread = std::visit([](const auto& r) { return LogService::unread(r); }, *kept);
        on_answer(wire::encode(profile_->encode(unread, opaque)));
      });
}

}  // namespace porpoise
