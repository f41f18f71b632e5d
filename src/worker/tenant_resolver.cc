#include "worker/tenant_resolver.h"

#include <memory>
#include <utility>

#include "worker/tenant.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxKnown = 1000;

std::string seconds(std::chrono::milliseconds time) {
  std::string text = std::to_string(static_cast<double>(time.count()) / 1000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text + " s";
}

}  // namespace

TenantResolver::Source TenantResolver::system_source(const WorkerConfig& config) {
  const auto kept = std::make_shared<const WorkerConfig>(config);  // for calls that outlive the worker
  Source source;
  source.look_up = [kept](const std::string& tenant_code) { return resolve_tenant(tenant_code, *kept); };
  if (may_create_tenants(config))
    source.create = [kept](const std::string& tenant_code) { return create_tenant(tenant_code, *kept); };
  return source;
}

TenantResolver::TenantResolver(BlockingCalls& calls, Source source, Times times)
    : calls_(calls), source_(std::move(source)), times_(times) {}

void TenantResolver::resolve(const std::string& tenant_code, Done done) {
  if (const auto found = known_.find(tenant_code); found != known_.end() && Clock::now() < found->second.until)
    return done(found->second.user);
  Question& question = questions_[tenant_code];
  if (question.overdue) return done(fail(overdue(tenant_code, "looked up", times_.look_up)));
  question.waiting.push_back(std::move(done));
  if (question.waiting.size() == 1) look_up(tenant_code, static_cast<bool>(source_.create));
}

void TenantResolver::look_up(const std::string& tenant_code, bool may_create) {
  calls_.call(
      "the look-up of tenant \"" + tenant_code + "\"", times_.look_up,
      [ask = source_.look_up, tenant_code] { return ask(tenant_code); },
      [this, tenant_code, may_create](const Result<std::string>& user) { looked_up(tenant_code, user, may_create); },
      [this, tenant_code](const Result<std::string>& user) {  // late: for those who come next
        questions_.erase(tenant_code);
        if (user) remember(tenant_code, *user);
      });
}

void TenantResolver::looked_up(const std::string& tenant_code, const Result<std::string>& user, bool may_create) {
  if (user) {
    remember(tenant_code, *user);
    return answer(tenant_code, user);
  }
  switch (user.error().code()) {
    case ErrorCode::kNotFound: return may_create ? create(tenant_code) : answer(tenant_code, user);
    case ErrorCode::kTimeout: {
      questions_[tenant_code].overdue = true;
      return answer(tenant_code, fail(overdue(tenant_code, "looked up", times_.look_up)));
    }
    case ErrorCode::kUnavailable:
      return answer(tenant_code, fail(user.error().wrap("the name service of this machine does not answer")));
    default: return answer(tenant_code, user);
  }
}

void TenantResolver::create(const std::string& tenant_code) {
  const auto answer_late = [this, tenant_code](const Status&) { questions_.erase(tenant_code); };
  calls_.call(
      "making a user for tenant \"" + tenant_code + "\"", times_.create,
      [make = source_.create, tenant_code] { return make(tenant_code); },
      [this, tenant_code](const Status& made) {
        if (made) return look_up(tenant_code, false);
        if (made.error().code() != ErrorCode::kTimeout) return answer(tenant_code, fail(made.error()));
        questions_[tenant_code].overdue = true;
        answer(tenant_code, fail(overdue(tenant_code, "made", times_.create)));
      },
      answer_late);
}

void TenantResolver::remember(const std::string& tenant_code, const std::string& user) {
  const auto now = Clock::now();
  if (known_.size() >= kMaxKnown) std::erase_if(known_, [now](const auto& one) { return one.second.until <= now; });
  if (known_.size() < kMaxKnown) known_[tenant_code] = {user, now + times_.known};
}

void TenantResolver::answer(const std::string& tenant_code, const Result<std::string>& user) {
  Question& question = questions_[tenant_code];
  const std::vector<Done> waiting = std::exchange(question.waiting, {});
  if (!question.overdue) questions_.erase(tenant_code);
  for (const Done& done : waiting) done(user);
}

Error TenantResolver::overdue(const std::string& tenant_code, const char* what, std::chrono::milliseconds limit) {
  return {ErrorCode::kTimeout, "the user of tenant \"" + tenant_code + "\" could not be " + what + " within " +
                                   seconds(limit) + ": the name service of this machine does not answer"};
}

}  // namespace porpoise
